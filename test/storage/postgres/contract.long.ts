/** PostgreSQL keeps every promise of the port, in everything that is tried at random, and at every step. */
import { runWhole } from '../../support/file-suites.ts'

runWhole('storage/postgres/contract.test.ts')
