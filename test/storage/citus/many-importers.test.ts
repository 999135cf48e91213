/** Eight import processes on Citus, undisturbed and while their connections are ended. */
import { describeManyImporters, endOneConnection } from '../../contract/many-importers.ts'

const policies = ['reject', 'replace', 'max'] as const

describeManyImporters({ engine: 'citus', importers: 8, recordsEach: 3_000, policies })
describeManyImporters({
  engine: 'citus',
  importers: 8,
  recordsEach: 3_000,
  policies,
  disturb: endOneConnection,
})
