/** An older PostgreSQL, from Debian, keeps the promises of the port as well. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import pg from 'pg'
import { atEnd } from '../../support/at-end.ts'
import { type DebianServer, startDebianPostgres } from '../../support/debian-postgres.ts'
import { runWhole } from '../../support/file-suites.ts'
import { postgresUrl } from '../../support/postgres-server.ts'

let server: DebianServer | null = null

before(async () => {
  server = await startDebianPostgres()
  process.env.SIMTALLY_TEST_POSTGRES_URL = server.url
})

describe('the PostgreSQL of Debian', () => {
  it('is the server of these tests’ stores', async (t) => {
    const client = new pg.Client({ connectionString: await postgresUrl() })
    await client.connect()
    t.after(() => client.end())
    const { rows } = await client.query('SHOW server_version')
    assert.equal(rows[0].server_version.split(' ')[0], server!.version)
    t.diagnostic(`PostgreSQL ${server!.version}`)
  })
})

runWhole('storage/postgres/contract.test.ts')

// Last, because it must still answer while stores are dropped.
atEnd(async () => server?.stop())
