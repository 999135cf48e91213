/**
 * SQLite keeps the promises of the port with the full volume of random trials, and at every step; each
 * cell with every value.
 */
import { runWhole } from '../../support/file-suites.ts'

runWhole(
  'storage/sqlite/{contract,every-cell,file,fresh-days}.test.ts',
  'storage/ledger/buckets.test.ts',
)
