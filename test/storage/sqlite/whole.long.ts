/** SQLite keeps the promises of the port in all that is tried at random, and at every step; each cell by every value. */
import { runWhole } from '../../support/file-suites.ts'

runWhole('storage/sqlite/contract.test.ts', 'storage/sqlite/every-cell.test.ts')
