import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../src/cli/config.ts'
import { nearestName, SETTING_NAMES, SETTINGS, settingVariable } from '../../src/cli/settings.ts'
import { CliFixture } from './cli-fixture.ts'

describe('the environment', () => {
  it('names the database, settings and limits', () => {
    const { databaseUrl, limits, stated } = readConfig({
      SIMTALLY_DATABASE_URL: 'sqlite:/var/lib/usage.db',
      SIMTALLY_LOG_LEVEL: 'debug',
      SIMTALLY_LIMIT_HEADERS: '50',
    })
    assert.equal(databaseUrl, 'sqlite:/var/lib/usage.db')
    assert.deepEqual(stated['log-level'], { text: 'debug', from: 'SIMTALLY_LOG_LEVEL' })
    assert.deepEqual(limits, { SIMTALLY_LIMIT_HEADERS: '50' })
  })

  it('leaves them at their defaults where it is silent or empty', () => {
    const empty = { SIMTALLY_DATABASE_URL: '', SIMTALLY_LOG_LEVEL: '', SIMTALLY_LIMIT_HEADERS: '' }
    for (const env of [{}, empty]) {
      const { databaseUrl, databaseParameters, limits, stated } = readConfig(env)
      assert.equal(databaseUrl, 'sqlite:./data/simtally.db')
      assert.deepEqual([databaseParameters, limits, stated], [{}, {}, {}])
    }
  })

  it('says how to log in to a server, its own names before those of PostgreSQL', () => {
    const parametersOf = (env: NodeJS.ProcessEnv) => readConfig(env).databaseParameters
    assert.deepEqual(parametersOf({ PGPASSWORD: 'a', PGPASSFILE: '/b', PGSSLMODE: 'require' }), {
      password: 'a',
      passfile: '/b',
      sslmode: 'require',
    })
    assert.deepEqual(parametersOf({ PGPASSWORD: 'a', SIMTALLY_DATABASE_PASSWORD: 'c' }), {
      password: 'c',
    })
    assert.deepEqual(parametersOf({ PGPASSWORD: 'a', SIMTALLY_DATABASE_PASSWORD_FILE: '/d' }), {
      password_file: '/d',
    })
    assert.deepEqual(parametersOf({ PGSSLMODE: 'prefer' }), {})
  })

  it('goes before the settings file, setting by setting', () => {
    const file = { path: 's.yaml', values: { port: '1', host: 'a', 'limit-headers': '30' } }
    const { stated, limits } = readConfig({ SIMTALLY_PORT: '2' }, file)
    assert.deepEqual(stated.port, { text: '2', from: 'SIMTALLY_PORT' })
    assert.deepEqual(stated.host, { text: 'a', from: 's.yaml: host' })
    assert.deepEqual(limits, { SIMTALLY_LIMIT_HEADERS: '30' })
    const both = readConfig({ SIMTALLY_LIMIT_HEADERS: '40' }, file)
    assert.deepEqual(both.limits, { SIMTALLY_LIMIT_HEADERS: '40' })
  })
})

describe('the settings file', () => {
  let cli: CliFixture
  before(async () => {
    cli = await CliFixture.open()
  })
  after(() => cli.close())

  async function withFile(content: string, args: readonly string[], env = {}) {
    const file = await cli.file('simtally.yaml', content)
    return cli.run([...args, '--config', file], { env })
  }

  it('names what every command takes from it, where nothing else says it', async () => {
    const other = `database-url: sqlite:${cli.path('other.db')}\n`
    const unset = { SIMTALLY_DATABASE_URL: '' }
    const elsewhere = await withFile(other, ['account', 'list'], unset)
    assert.match(elsewhere.stderr, /there is no store at .*other\.db/)
    assert.equal((await withFile(other, ['account', 'list'])).exitCode, 0)
    const flag = ['--database', cli.databaseUrl]
    assert.equal((await withFile(other, ['account', 'list', ...flag], unset)).exitCode, 0)
    const named = await cli.run(['account', 'list'], {
      env: { ...unset, SIMTALLY_CONFIG: cli.path('simtally.yaml') },
    })
    assert.match(named.stderr, /there is no store at .*other\.db/)
  })

  it('sets limits', async () => {
    const account = await cli.account('Limited')
    const create = ['key', 'create', '--account', account, '--scope', 'read']
    assert.equal((await withFile('limit-keys-per-account: 1\n', create)).exitCode, 0)
    const { exitCode, stderr } = await withFile('limit-keys-per-account: 1\n', create)
    assert.equal(exitCode, 1)
    assert.match(stderr, /has 1 key, as many as allowed/)
  })

  it('is refused with every fault, and the nearest name for one that there is not', async () => {
    const { exitCode, stderr } = await withFile(
      'databse-url: x\nport: 99999\nlimit-form-field: 5\nlimit-headers: 1\nlog-level: {}\nzzz: 1\n',
      ['account', 'list'],
    )
    assert.equal(exitCode, 2)
    for (const words of [
      /databse-url: there is no such setting; database-url\?$/m,
      /port "99999": expected a whole number from 0 to 65535$/m,
      /limit-form-field: there is no such setting; limit-form-fields\?$/m,
      /limit-headers "1": expected a whole number from 20 to 1000/,
      /log-level: expected one value, or a list of them$/m,
      /zzz: there is no such setting$/m,
      /docs\/settings\.md lists the names/,
    ]) {
      assert.match(stderr, words)
    }
    assert.match((await withFile('a: [', ['account', 'list'])).stderr, /yaml, line \d+, column/)
    assert.match((await withFile('- a\n', ['account', 'list'])).stderr, /expected names and values/)
    const missing = await cli.run(['account', 'list', '--config', cli.path('none.yaml')])
    assert.match(missing.stderr, /the settings file .*none\.yaml cannot be read \(ENOENT\)/)
  })

  it('and the environment are told by name where serve does not take a value', async () => {
    for (const [name, text] of [
      ['port', 'x'],
      ['workers', '0'],
      ['log-level', 'loud'],
      ['empty-branches', 'none'],
      ['allow-origin', '*'],
    ] as const) {
      const variable = settingVariable(name)
      const { exitCode, stderr } = await cli.run(['serve'], { env: { [variable]: text } })
      assert.equal(exitCode, 2, stderr)
      if (name !== 'allow-origin') assert.match(stderr, new RegExp(`^simtally: ${variable} "`))
    }
  })
})

describe('every setting', () => {
  it('has one name, which is its flag, its variable and its key', () => {
    for (const name of SETTING_NAMES) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/)
      assert.match(SETTINGS[name].sets, /^[a-z].*[^.]$/)
    }
    assert.equal(settingVariable('log-level'), 'SIMTALLY_LOG_LEVEL')
    assert.equal(nearestName('log-levle', SETTING_NAMES), 'log-level')
    assert.equal(nearestName('colour', SETTING_NAMES), null)
  })
})
