/** The files for operators, with a run of the script that makes backups. */
import { runWhole } from '../support/file-suites.ts'

runWhole('deploy/files.test.ts')
