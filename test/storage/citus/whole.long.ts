/** On Citus: the full volume of random trials. */
import { runWhole } from '../../support/file-suites.ts'

runWhole('storage/citus/*.test.ts')
