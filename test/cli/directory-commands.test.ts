import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sid } from '../../src/domain/identifiers.ts'
import { hashSecret } from '../../src/domain/secret.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { NOW, sidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

interface RotatedJson {
  readonly sid: string
  readonly auth_token: string
  readonly previous_token_until: string | null
}

interface KeyJson {
  readonly sid: string
  readonly label: string
  readonly date_last_used: string | null
}

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

async function inStore<T>(work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<T>) {
  const store = await openStore(cli.databaseUrl)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

describe('simtally account', () => {
  it('makes an account with its home set, and shows the token of which only the hash is kept', async () => {
    const [created] = await cli.json<{ sid: string; auth_token: string }>([
      ...['account', 'create', '--name', ' Acme '],
      ...['--home-plmns', '310-260,310-160', '--home-countries', 'US,PR'],
    ])
    assert.deepEqual(Object.keys(created!), ['sid', 'auth_token'])
    const account = await inStore((store) => store.findAccount(created!.sid))
    assert.equal(account?.name, 'Acme')
    assert.deepEqual(account.home, { plmns: ['310-260', '310-160'], countries: ['US', 'PR'] })
    assert.equal(account.authTokenHash, hashSecret(created!.auth_token))
    const { stdout } = await cli.run(['account', 'list'])
    for (const secret of [created!.auth_token, account.authTokenHash]) {
      assert.ok(!stdout.includes(secret))
    }
  })

  it('keeps a SID from elsewhere, once', async () => {
    const args = ['account', 'create', '--name', 'Moved', '--sid', sidOf('AC', 77)]
    const [created] = await cli.json<{ sid: string }>(args)
    assert.equal(created!.sid, sidOf('AC', 77))
    const again = await cli.run(args)
    assert.equal(again.exitCode, 1)
    assert.match(
      again.stderr,
      /^simtally: sid "AC0+4d": an account with this SID exists already\n$/,
    )
  })

  it('is wrong usage with a network that cannot be', async () => {
    const refused = await cli.run(['account', 'create', '--name', 'x', '--home-plmns', '31-0'])
    assert.equal(refused.exitCode, 2)
    assert.equal(refused.stdout, '')
    assert.match(refused.stderr, /^simtally: --home-plmns "31-0": expected networks as MCC-MNC/)
  })

  it('is changed in name and home set, and says what becomes of usage', async () => {
    const sid = await cli.account('Before')
    const set = (...args: string[]) => cli.run(['account', 'set', sid, ...args])
    const named = await set('--name', 'After')
    assert.equal(named.stdout, `${sid} After: home networks 310-260, home countries US\n`)
    assert.equal(named.stderr, '')
    const moved = await set('--home-plmns', '262-01,262-02', '--home-countries', '')
    assert.equal(moved.stdout, `${sid} After: home networks 262-01 262-02, home countries none\n`)
    assert.match(moved.stderr, /simtally reclassify applies it to counted usage/)
    const mayRegister = async (...args: string[]) => {
      const [row] = await cli.json<Record<string, unknown>>(['account', 'set', sid, ...args])
      return row!.may_register_numbers
    }
    assert.equal(await mayRegister('--name', 'After'), false)
    assert.equal(await mayRegister('--may-register-numbers'), true)
    assert.equal(await mayRegister('--name', 'Later'), true)
    assert.equal(await mayRegister('--no-may-register-numbers'), false)
    const nothing = await set()
    assert.equal(nothing.exitCode, 2)
    assert.match(
      nothing.stderr,
      /nothing to change: give --name, --home-plmns, --home-countries or/,
    )
    assert.equal((await set('--home-plmns', 'x')).exitCode, 2)
    const unknown = await cli.run(['account', 'set', sidOf('AC', 9), '--name', 'x'])
    assert.equal(unknown.exitCode, 1)
  })

  it('gets another auth token, beside which the old one is good for a while', async () => {
    const sid = await cli.account()
    const now = NOW
    const rotate = async (...args: string[]) =>
      (await cli.json<RotatedJson>(['account', 'rotate-token', sid, ...args], { now }))[0]!
    const stored = () => inStore((store) => store.findAccount(sid))
    const first = (await stored())!.authTokenHash
    const { auth_token: token, previous_token_until: until } = await rotate()
    assert.equal(until, '2026-03-16T12:34:56Z')
    assert.equal((await stored())?.authTokenHash, hashSecret(token))
    assert.deepEqual((await stored())?.previousToken, { hash: first, until: NOW + 86_400 })
    assert.equal((await rotate('--keep-old', '7d')).previous_token_until, '2026-03-22T12:34:56Z')
    const listed = await cli.json<RotatedJson>(['account', 'list'])
    assert.equal(
      listed.find((account) => account.sid === sid)?.previous_token_until,
      '2026-03-22T12:34:56Z',
    )
    const ended = await cli.run(['account', 'rotate-token', sid, '--end-old', 'now'])
    assert.equal(ended.stdout, `${sid}: only the newest auth token is valid\n`)
    assert.equal((await stored())?.previousToken, null)
    for (const args of [
      ['--keep-old', '91d'],
      ['--keep-old', 'soon'],
      ['--keep-old', '1d', '--end-old', 'now'],
      ['--end-old', 'later'],
    ]) {
      assert.equal((await cli.run(['account', 'rotate-token', sid, ...args])).exitCode, 2)
    }
  })

  it('lists the accounts as one JSON object a line', async () => {
    const names = (await cli.json<{ name: string }>(['account', 'list'])).map(({ name }) => name)
    assert.ok(names.includes('Acme') && names.includes('Moved'))
  })
})

describe('simtally key', () => {
  it('makes a key of an account, and one of the operator', async () => {
    const account = await cli.account()
    for (const [owner, accountSid] of [
      [['--account', account], account],
      [['--operator'], null],
    ] as const) {
      const [key] = await cli.json<{ sid: string; secret: string }>([
        ...['key', 'create', ...owner, '--scope', 'ingest'],
      ])
      assert.deepEqual(Object.keys(key!), ['sid', 'secret'])
      const stored = await inStore((store) => store.findApiKey(key!.sid))
      assert.equal(stored?.accountSid, accountSid)
      assert.equal(stored.scope, 'ingest')
      assert.equal(stored.secretHash, hashSecret(key!.secret))
    }
  })

  it('makes no more of an account than it may have, and counts none that is revoked', async () => {
    const account = await cli.account('Keys')
    const limits = { SIMTALLY_LIMIT_KEYS_PER_ACCOUNT: '2' }
    const create = () =>
      cli.run(['key', 'create', '--account', account, '--scope', 'read', '--json'], { limits })
    const first = await create()
    assert.deepEqual([first.exitCode, (await create()).exitCode], [0, 0])
    const refused = await create()
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^{"error":{"code":"conflict","message":"account AC\w+ has 2 keys, as many as allowed".*"hint":"revoke/,
    )
    await cli.json(['key', 'revoke', JSON.parse(first.stdout).sid])
    assert.equal((await create()).exitCode, 0)
  })

  it('is wrong usage without an owner, with both owners, or with an unknown scope', async () => {
    for (const [args, message] of [
      [['--scope', 'read'], /whose key is it\?\n {2}give --account AC… or --operator/],
      [['--scope', 'read', '--operator', '--account', sidOf('AC', 1)], /cannot be used with/],
      [['--scope', 'root', '--operator'], /Allowed choices are read, ingest, admin/],
      [['--operator'], /required option '--scope <scope>' not specified/],
    ] as const) {
      const refused = await cli.run(['key', 'create', ...args])
      assert.equal(refused.exitCode, 2)
      assert.match(refused.stderr, message)
    }
  })

  it('has a label, and tells when it was used last', async () => {
    const made = ['key', 'create', '--operator', '--scope', 'read', '--label', ' billing job ']
    const [key] = await cli.json<{ sid: Sid }>(made)
    const row = async () =>
      (await cli.json<KeyJson>(['key', 'list'])).find(({ sid }) => sid === key!.sid)
    assert.equal((await row())?.label, 'billing job')
    assert.equal((await row())?.date_last_used, null)
    await inStore((store) => store.noteKeyUses([{ sid: key!.sid, at: NOW }]))
    assert.equal((await row())?.date_last_used, '2026-03-15T12:34:56Z')
    const refused = await cli.run([...made.slice(0, -1), 'x'.repeat(65)])
    assert.match(refused.stderr, /--label "x+": expected at most 64 characters/)
  })

  it('fails for an account that does not exist', async () => {
    const refused = await cli.run(['key', 'create', '--scope', 'read', '--account', sidOf('AC', 5)])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /there is no account AC0+5\n {2}simtally account list/)
  })

  it('is revoked once, and stays in the list', async () => {
    const [key] = await cli.json<{ sid: string }>([
      'key',
      'create',
      '--operator',
      '--scope',
      'read',
    ])
    const [first] = await cli.json(['key', 'revoke', key!.sid], { now: 1_700_000_000 })
    const [second] = await cli.json(['key', 'revoke', key!.sid], { now: 1_800_000_000 })
    assert.deepEqual(first, { sid: key!.sid, date_revoked: '2023-11-14T22:13:20Z' })
    assert.deepEqual(second, first)
    const listed = await cli.json<{ sid: string; date_revoked: string }>(['key', 'list'])
    assert.equal(listed.find(({ sid }) => sid === key!.sid)?.date_revoked, '2023-11-14T22:13:20Z')
    assert.equal((await cli.run(['key', 'revoke', sidOf('SK', 9)])).exitCode, 1)
  })
})

/** The flags of `feed create` or `feed set`, as their help shows them. */
async function flagsOf(name: string): Promise<string[]> {
  const { stdout } = await cli.run(['feed', name, '--help'])
  return [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, long]) => long!)
}

describe('simtally feed', () => {
  it('makes a feed that rejects conflicts and has no default zone unless told otherwise', async () => {
    assert.deepEqual(await cli.json(['feed', 'create', 'plain', '--format', 'csv']), [
      {
        name: 'plain',
        format: 'csv',
        settings: {},
        on_conflict: 'reject',
        default_zone: null,
        account_sid: null,
        sim_names: ['sid', 'iccid', 'imsi', 'msisdn'],
        settle_seconds: 172_800,
        sequence_pattern: null,
        late_seconds: 86_400,
        overdue_seconds: 172_800,
        covers_from: null,
      },
    ])
    assert.deepEqual(
      await cli.json([
        ...['feed', 'create', 'own', '--format', 'ndjson'],
        ...['--on-conflict', 'max', '--default-zone', 'home'],
        ...['--settle', '36h', '--sequence-pattern', 'u(?<sequence>\\d+)'],
      ]),
      [
        {
          name: 'own',
          format: 'ndjson',
          settings: {},
          on_conflict: 'max',
          default_zone: 'home',
          account_sid: null,
          sim_names: ['sid', 'iccid', 'imsi', 'msisdn'],
          settle_seconds: 129_600,
          sequence_pattern: 'u(?<sequence>\\d+)',
          late_seconds: 86_400,
          overdue_seconds: 172_800,
          covers_from: null,
        },
      ],
    )
    const names = (await cli.json<{ name: string }>(['feed', 'list'])).map(({ name }) => name)
    assert.deepEqual(names, ['plain', 'own'])
  })

  it('changes every property that it makes a feed with, and says what that means', async () => {
    const changing = await flagsOf('set')
    const missing = (await flagsOf('create')).filter((name) => !changing.includes(name))
    assert.deepEqual(missing, [])
    await cli.json(['feed', 'create', 'set-me', '--format', 'csv', '--default-zone', 'home'])
    const set = (...args: string[]) => cli.run(['feed', 'set', ...args])
    const policy = await set('set-me', '--on-conflict', 'replace', '--no-default-zone')
    assert.match(policy.stdout, /^feed set-me: csv, on conflict replace, default zone none, /)
    assert.match(policy.stderr, /counted usage does not change\n.*counted usage keeps its zone\n$/)
    const renamed = await set('set-me', '--name', 'renamed')
    assert.match(renamed.stdout, /^feed renamed: csv/)
    assert.match(renamed.stderr, /has to use the new name/)
    assert.equal((await set('set-me', '--settle', '1h')).exitCode, 1)
    await cli.json(['feed', 'create', 'beside', '--format', 'csv'])
    const taken = await set('renamed', '--name', 'beside')
    assert.deepEqual([taken.exitCode, taken.stdout], [1, ''])
    assert.match(taken.stderr, /^simtally: feed "beside": a feed with this name exists already/)
    const emnify = ['--format', 'mapped', '--mapping', 'emnify', '--set', 'megabyte=MB']
    const mapped = await set('renamed', ...emnify, '--set', 'rx=upload')
    assert.match(mapped.stdout, /^feed renamed: mapped, /)
    assert.match(mapped.stderr, /applies to later deliveries and to recycled records/)
    const one = ['feed', 'set', 'renamed', '--set', 'delivery=csv']
    const [added] = await cli.json<{ settings: object }>(one)
    const whole = { mapping: 'emnify', megabyte: 'MB', rx: 'upload', delivery: 'csv' }
    assert.deepEqual(added!.settings, whole)
    assert.match((await set('renamed', '--set', 'delivery=x')).stderr, /delivery "x": expected/)
    assert.match((await set('renamed', '--mapping', 'emnify')).stderr, /megabyte: it is required/)
    const [plain] = await cli.json<{ settings: object; format: string }>([
      ...['feed', 'set', 'renamed', '--format', 'ndjson'],
    ])
    assert.deepEqual([plain!.format, plain!.settings], ['ndjson', {}])
  })

  it('binds a feed to an account, and says by which names its records mean SIMs', async () => {
    const [account] = await cli.json<{ sid: string }>(['account', 'create', '--name', 'Bound'])
    const { sid } = account!
    const all = ['sid', 'iccid', 'imsi', 'msisdn', 'unique_name']
    const changed = async (...args: string[]) => {
      const [feed] = await cli.json<Record<string, unknown>>(['feed', ...args])
      return [feed!.account_sid, feed!.sim_names]
    }
    const format = ['--format', 'csv']
    assert.deepEqual(await changed('create', 'bound', ...format, '--account', sid), [sid, all])
    assert.deepEqual(await changed('set', 'bound', '--sim-names', 'unique_name,sid'), [
      sid,
      ['sid', 'unique_name'],
    ])
    assert.deepEqual(await changed('set', 'bound', '--no-account'), [null, all.slice(0, 4)])
    assert.deepEqual(await changed('set', 'bound', '--sim-names', 'imsi'), [null, ['imsi']])
    assert.deepEqual(await changed('set', 'bound', '--account', sid), [sid, all])
    const listed = await cli.run(['feed', 'list'])
    assert.match(listed.stdout, /SIM NAMES/)
    assert.match(
      listed.stdout,
      new RegExp(`^bound .* ${sid} +sid iccid imsi msisdn unique_name `, 'm'),
    )

    const names = ['--sim-names', 'iccid,unique_name']
    const refused = await cli.run(['feed', 'create', 'shared', ...format, ...names])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /^simtally: sim_names has unique_name, but the feed is not bound/)
    assert.equal((await cli.run(['feed', 'set', 'bound', '--sim-names', 'name'])).exitCode, 2)
    const unknown = ['--account', sidOf('AC', 0xdead)]
    assert.equal((await cli.run(['feed', 'create', 'x', ...format, ...unknown])).exitCode, 1)
  })

  it('is granted to accounts, and taken from them', async () => {
    const [account] = await cli.json<{ sid: string }>(['account', 'create', '--name', 'Granted'])
    const to = ['--account', account!.sid]
    await cli.json(['feed', 'create', 'granted', '--format', 'csv'])
    const grantedTo = async () => {
      const feeds = await cli.json<{ name: string; granted_to: string[] }>(['feed', 'list'])
      return feeds.find(({ name }) => name === 'granted')!.granted_to
    }
    const [first] = await cli.json(['feed', 'grant', 'granted', ...to], { now: 1_700_000_000 })
    const [second] = await cli.json(['feed', 'grant', 'granted', ...to], { now: 1_800_000_000 })
    const granted = { feed: 'granted', account_sid: account!.sid }
    assert.deepEqual(first, { ...granted, date_granted: '2023-11-14T22:13:20Z' })
    assert.deepEqual(second, first)
    assert.deepEqual(await grantedTo(), [account!.sid])
    assert.deepEqual(await cli.json(['feed', 'revoke', 'granted', ...to]), [granted])
    assert.deepEqual(await grantedTo(), [])
    const again = await cli.run(['feed', 'revoke', 'granted', ...to])
    assert.equal(again.exitCode, 1)
    assert.match(again.stderr, /^simtally: feed granted is not granted to AC/)
    assert.equal((await cli.run(['feed', 'grant', 'none', ...to])).exitCode, 1)
    assert.equal((await cli.run(['feed', 'grant', 'granted'])).exitCode, 2)
  })

  it('fails when the name is taken, and is wrong usage when it cannot stand in a URL', async () => {
    await cli.json(['feed', 'create', 'taken', '--format', 'csv'])
    assert.equal((await cli.run(['feed', 'create', 'taken', '--format', 'csv'])).exitCode, 1)
    const refused = await cli.run(['feed', 'create', 'a/b', '--format', 'csv'])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /^simtally: feed "a\/b": expected 1 to 64 letters/)
  })
})

describe('every command', () => {
  it('is wrong usage with an option it does not know, and is suggested the right one', async () => {
    const refused = await cli.run(['account', 'list', '--jason'])
    assert.deepEqual([refused.exitCode, refused.stdout], [2, ''])
    assert.equal(
      refused.stderr,
      "simtally: unknown option '--jason'\n  (Did you mean --json?)\n  see simtally account list --help\n",
    )
  })

  it('is wrong usage with a database of no known form', async () => {
    const refused = await cli.run(['account', 'list', '--database', 'mysql://x'])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /^simtally: --database "mysql:\/\/x": expected sqlite:PATH/)
  })

  it('fails in two lines when the database is another program’s file', async () => {
    const path = await cli.file('notes.db', 'not a database, but long enough to look at'.repeat(40))
    const refused = await cli.run(['account', 'list', '--database', `sqlite:${path}`])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^simtally: .*notes\.db/)
    assert.ok(refused.stderr.trimEnd().split('\n').length <= 2, refused.stderr)
  })

  it('fails when its result cannot be written, and not when its reader has gone away', async () => {
    const failing = (code: string) => Object.assign(new Error(code), { code })
    const full = await cli.run(['feed', 'list'], { stdoutError: failing('ENOSPC') })
    assert.equal(full.exitCode, 1)
    assert.equal(full.stderr, 'simtally: standard output cannot be written (ENOSPC)\n')
    const gone = await cli.run(['feed', 'list'], { stdoutError: failing('EPIPE') })
    assert.deepEqual([gone.exitCode, gone.stderr], [0, ''])
  })
})
