/** All that is tried at random over HTTP. */
import { runWhole } from '../support/file-suites.ts'

runWhole('http/{attacks,same-records}.test.ts')
