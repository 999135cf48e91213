/** All that is tried at random over HTTP. */
import { runWhole } from '../support/file-suites.ts'

runWhole('http/attacks.test.ts', 'http/same-records.test.ts')
