/** Citus, with everything that is tried at random. */
import { runWhole } from '../../support/file-suites.ts'

runWhole('storage/citus/*.test.ts')
