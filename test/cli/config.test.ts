import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from '../../src/cli/config.ts'

describe('the environment', () => {
  it('names the database, the log level and limits', () => {
    const env = {
      SIMTALLY_DATABASE_URL: 'sqlite:/var/lib/usage.db',
      SIMTALLY_LOG_LEVEL: 'debug',
      SIMTALLY_EMPTY_BRANCHES: 'zero',
      SIMTALLY_LIMIT_HEADERS: '50',
    }
    assert.deepEqual(readConfig(env), {
      databaseUrl: 'sqlite:/var/lib/usage.db',
      databaseParameters: {},
      logLevel: 'debug',
      emptyBranches: 'zero',
      limits: { SIMTALLY_LIMIT_HEADERS: '50' },
    })
  })

  it('leaves them at their defaults where it is silent or empty', () => {
    for (const env of [
      {},
      {
        SIMTALLY_DATABASE_URL: '',
        SIMTALLY_LOG_LEVEL: '',
        SIMTALLY_EMPTY_BRANCHES: '',
        SIMTALLY_LIMIT_HEADERS: '',
      },
    ]) {
      assert.deepEqual(readConfig(env), {
        databaseUrl: 'sqlite:./data/simtally.db',
        databaseParameters: {},
        logLevel: null,
        emptyBranches: null,
        limits: {},
      })
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
})
