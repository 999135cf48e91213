/** The whole walk through the console. */
import { runWhole } from '../../support/file-suites.ts'

runWhole('console/browser/console.test.ts')
