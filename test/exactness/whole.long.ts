/** All of the random feeds that are the same in every run. */
import { runWhole } from '../support/file-suites.ts'

runWhole('exactness/*.test.ts')
