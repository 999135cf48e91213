/** On PostgreSQL: the full volume of random trials, and every kind of failure. */
import { runWhole } from '../../support/file-suites.ts'

runWhole(
  'storage/postgres/bad-databases.test.ts',
  'storage/postgres/commit-outcome.test.ts',
  'storage/postgres/lost-connections.test.ts',
  'storage/postgres/migrate.test.ts',
  'storage/postgres/moves.test.ts',
  'storage/postgres/pooler.test.ts',
  'storage/postgres/same-answers.test.ts',
)
