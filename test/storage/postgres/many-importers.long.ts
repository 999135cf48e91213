/** Eight import processes on PostgreSQL, undisturbed and while their connections are ended. */
import { describeManyImporters, endOneConnection } from '../../contract/many-importers.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

const policies = ['reject', 'replace', 'max'] as const

describeManyImporters({ engine: 'postgres', importers: 8, recordsEach: 10_000, policies })
describeManyImporters({
  engine: 'postgres',
  importers: 8,
  recordsEach: 10_000,
  policies,
  disturb: endOneConnection,
})
