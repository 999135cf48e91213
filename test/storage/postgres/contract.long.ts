/**
 * PostgreSQL keeps every promise of the port, with the full volume of random trials, and at every step.
 */
import { runWhole } from '../../support/file-suites.ts'

runWhole('storage/postgres/contract.test.ts')
