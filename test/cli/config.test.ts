import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from '../../src/cli/config.ts'

describe('the environment', () => {
  it('names the database and the log level', () => {
    const env = { SIMTALLY_DATABASE_URL: 'sqlite:/var/lib/usage.db', SIMTALLY_LOG_LEVEL: 'debug' }
    assert.deepEqual(readConfig(env), {
      databaseUrl: 'sqlite:/var/lib/usage.db',
      logLevel: 'debug',
    })
  })

  it('leaves both at their defaults where it is silent or empty', () => {
    for (const env of [{}, { SIMTALLY_DATABASE_URL: '', SIMTALLY_LOG_LEVEL: '' }]) {
      assert.deepEqual(readConfig(env), {
        databaseUrl: 'sqlite:./data/simtally.db',
        logLevel: null,
      })
    }
  })
})
