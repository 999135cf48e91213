/** Everything that can happen to a store's files and disk. */
import { runWhole } from '../support/file-suites.ts'

runWhole('bad-input/{full-disk,read-only,serving-faults}.test.ts')
