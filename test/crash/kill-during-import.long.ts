/** Imports that are killed at random moments, many times in a row. */
import { runWhole } from '../support/file-suites.ts'

runWhole('crash/kill-during-import.test.ts')
