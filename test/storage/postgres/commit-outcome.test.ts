/** What becomes of a commit whose answer is lost, also if the server crashes with it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countedOnce,
  describeCommitOutcome,
  EVENTS,
  openBehindProxy,
  warmedUp,
} from '../../contract/commit-outcome.ts'
import { assertAuditClean } from '../../contract/engine.ts'
import { execute } from '../../support/postgres-schema.ts'
import { startPostgresServer, stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

describeCommitOutcome('postgres')

describe('a connection that is cut at COMMIT', () => {
  it('and whose server crashes: another transaction of the same number is not taken for it', async (t) => {
    // Only a commit writes the log, so that the crash forgets the transaction's number.
    const quiet = ['wal_writer_delay=10s', 'bgwriter_delay=10s', 'autovacuum=off']
    const server = await startPostgresServer({ settings: [...quiet, 'full_page_writes=off'] })
    t.after(() => server.stop())
    const { proxy, store, append, counted } = await warmedUp(openBehindProxy(t, server))
    const cut = proxy.cutAt('before, unnoticed')
    const appending = append(EVENTS)
    await cut
    proxy.refuse(true)
    const [underWay] = await execute(
      server.url,
      `SELECT backend_xid::text AS id FROM pg_stat_activity
       WHERE application_name = 'simtally' AND backend_xid IS NOT NULL`,
    )
    await server.crash()
    await server.start()
    // Others get the numbers after the crash, including that of the lost transaction.
    const others = Array.from({ length: 20 }, () => 'SELECT pg_current_xact_id()::text AS id')
    const ids = (await execute(server.url, ...others)).map(({ rows }) => rows[0].id)
    const lost = underWay!.rows[0].id
    assert.ok(ids.includes(lost), `${ids.join(' ')} has no ${lost}`)
    proxy.refuse(false)
    const { counts } = await appending
    assert.equal(counts.accepted, EVENTS)
    assert.deepEqual(await counted(), countedOnce(1 + EVENTS))
    await assertAuditClean(store)
  })
})
