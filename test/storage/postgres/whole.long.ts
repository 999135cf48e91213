/** PostgreSQL keeps the promises of the port with the full volume of random trials, and at every step. */
import { runWhole } from '../../support/file-suites.ts'

const FILES = ['contract-*', 'moves', 'same-answers']

runWhole(...FILES.map((file) => `postgres/${file}.test.ts`))
