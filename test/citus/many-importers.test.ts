/** Eight import processes on Citus. */
import { describeManyImporters } from '../contract/many-importers.ts'

describeManyImporters({
  engine: 'citus',
  importers: 8,
  recordsEach: 3_000,
  policies: ['reject', 'replace', 'max'],
})
