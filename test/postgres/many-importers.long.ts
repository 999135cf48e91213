/** Eight import processes on PostgreSQL, undisturbed and while their connections are ended. */
import { setTimeout } from 'node:timers/promises'
import { describeManyImporters } from '../contract/many-importers.ts'
import { execute, plainUrl } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'

stopServerAtEnd()

const policies = ['reject', 'replace', 'max'] as const

/** Ends one connection of Simtally, whatever it does. */
async function endOne(url: string): Promise<void> {
  await execute(
    plainUrl(url),
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'simtally' ORDER BY random() LIMIT 1`,
  )
  await setTimeout(50)
}

describeManyImporters({ engine: 'postgres', importers: 8, recordsEach: 10_000, policies })
describeManyImporters({
  engine: 'postgres',
  importers: 8,
  recordsEach: 10_000,
  policies,
  disturb: endOne,
})
