/** PostgreSQL keeps the promises of the port in all that is tried at random, and at every step. */
import { runWhole } from '../support/file-suites.ts'

runWhole('postgres/{contract,moves,same-answers}.test.ts')
