/** PostgreSQL keeps the promises of the port in all that is tried at random, and at every step. */
import { runWhole } from '../../support/file-suites.ts'

const FILES = ['contract-*', 'moves', 'same-answers']

runWhole(...FILES.map((file) => `postgres/${file}.test.ts`))
