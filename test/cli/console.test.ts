/** `simtally console link`: who can sign in by it, how often, and for how long. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CONSOLE_LINK_SECONDS } from '../../src/domain/console-session.ts'
import { formatInstant } from '../../src/domain/time.ts'
import { buildServer } from '../../src/http/server.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { NOW } from '../support/builders.ts'
import { askSession, OWN_PAGE, type SessionReply } from '../support/console-session.ts'
import { CliFixture } from './cli-fixture.ts'

interface LinkJson {
  readonly url: string
  readonly credential_sid: string
  readonly date_expires: string
}

let cli: CliFixture
let store: UsageStore
let clock = NOW
let browser: { server: ReturnType<typeof buildServer> }
let account: string
before(async () => {
  cli = await CliFixture.open()
  account = await cli.account()
  store = await openStore(cli.databaseUrl)
  browser = { server: buildServer({ store, clock: () => clock }) }
})
after(async () => {
  await browser.server.close()
  await store.close()
  await cli.close()
})

async function linkOf(...args: string[]): Promise<LinkJson> {
  return (await cli.json<LinkJson>(['console', 'link', ...args], { now: NOW }))[0]!
}

/** As the page does it that the link leads to. */
async function open({ url }: Pick<LinkJson, 'url'>): Promise<SessionReply> {
  const code = new URL(url).hash.slice(1)
  return askSession(browser, 'POST', { payload: { code } })
}

describe('simtally console link', () => {
  it('makes a link that signs in once, whatever has looked at it before', async () => {
    const link = await linkOf('--account', account)
    assert.equal(link.credential_sid, account)
    assert.equal(link.date_expires, formatInstant(NOW + CONSOLE_LINK_SECONDS))
    assert.match(link.url, /^http:\/\/127\.0\.0\.1:8080\/console\/sign-in#[0-9a-f]{32}$/)
    // A preview asks for the page, and is not told what stands behind the #.
    const path = new URL(link.url).pathname
    await browser.server.inject({ method: 'GET', url: path })
    const first = await open(link)
    assert.deepEqual([first.status, first.body.account?.sid], [201, account])
    const again = await open(link)
    assert.equal(again.status, 401)
    assert.match(again.error.message, /the link has been used or has expired/)
    const kept = await askSession(browser, 'GET', {
      headers: { ...OWN_PAGE, cookie: first.cookie },
    })
    assert.equal(kept.status, 200)
  })

  it('is used by one of several who open it at once', async () => {
    const link = await linkOf('--account', account)
    const opened = await Promise.all([open(link), open(link), open(link)])
    assert.deepEqual(opened.map(({ status }) => status).sort(), [201, 401, 401])
  })

  it('is over after ten minutes, and when its key or token is', async () => {
    const late = await linkOf('--account', account)
    clock = NOW + CONSOLE_LINK_SECONDS
    assert.equal((await open(late)).status, 401)
    clock = NOW
    const [key] = await cli.json<{ sid: string }>(
      ['key', 'create', '--account', account, '--scope', 'read'],
      { now: NOW },
    )
    const byKey = await linkOf('--key', key!.sid)
    const opened = await linkOf('--key', key!.sid)
    const { cookie, body } = await open(opened)
    assert.deepEqual([body.credential_sid, body.scope], [key!.sid, 'read'])
    await cli.json(['key', 'revoke', key!.sid], { now: NOW })
    assert.equal((await open(byKey)).status, 401)
    const headers = { ...OWN_PAGE, cookie }
    assert.equal((await askSession(browser, 'GET', { headers })).status, 401)
    const byToken = await linkOf('--account', account)
    await cli.json(['account', 'rotate-token', account], { now: NOW })
    assert.equal((await open(byToken)).status, 401)
  })

  it('signs in as the operator by a key of its own, which can be revoked', async () => {
    const [first, second] = [await linkOf('--operator'), await linkOf('--operator')]
    assert.equal(first.credential_sid, second.credential_sid)
    const { body } = await open(first)
    assert.deepEqual([body.role, body.name, body.account], ['operator', 'console', null])
    await cli.json(['key', 'revoke', first.credential_sid], { now: NOW })
    assert.equal((await open(second)).status, 401)
    const third = await linkOf('--operator')
    assert.notEqual(third.credential_sid, first.credential_sid)
    assert.equal((await open(third)).status, 201)
  })

  it('leads to where the server is reached', async () => {
    const urlOf = async (...args: string[]) => (await linkOf('--account', account, ...args)).url
    assert.match(
      await urlOf('--public-url', 'https://usage.example.com/iot/'),
      /^https:\/\/usage\.example\.com\/iot\/console\/sign-in#/,
    )
  })

  it('is logged, and says itself for how long it is good', async () => {
    const { stdout, stderr } = await cli.run(['console', 'link', '--account', account], {
      now: NOW,
    })
    assert.match(stdout, /^http:\S+\n$/)
    assert.equal(stderr, `It works once, until ${formatInstant(NOW + CONSOLE_LINK_SECONDS)}.\n`)
    const [act] = await store.listActs({}, { limit: 1 })
    assert.deepEqual([act!.verb, act!.object], ['make sign-in link', account])
  })

  it('refuses what it cannot be made for', async () => {
    const refusals: [string[], number, RegExp][] = [
      [[], 2, /who signs in\?\n {2}give --operator, --account AC… or --key SK…/],
      [['--operator', '--account', account], 2, /cannot be used with/],
      [['--key', account], 2, /--key/],
      [['--key', `SK${'0'.repeat(32)}`], 1, /there is no key/],
      [['--account', `AC${'0'.repeat(32)}`], 1, /there is no account/],
      [['--operator', '--public-url', 'usage.example.com'], 2, /expected an http or https URL/],
    ]
    for (const [args, code, message] of refusals) {
      const { exitCode, stdout, stderr } = await cli.run(['console', 'link', ...args])
      assert.deepEqual([exitCode, stdout], [code, ''], args.join(' '))
      assert.match(stderr, message)
    }
  })
})
