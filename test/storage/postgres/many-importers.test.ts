/** Several import processes on PostgreSQL; `many-importers.long.ts` has more of them. */
import { describeManyImporters } from '../../contract/many-importers.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

describeManyImporters({
  engine: 'postgres',
  importers: 3,
  recordsEach: 2_000,
  policies: ['replace'],
})
