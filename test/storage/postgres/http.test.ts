/** The API answers from PostgreSQL as it does from SQLite: one file for each kind of thing that it reads or changes. */
import { runOn } from '../../support/on-engine.ts'

const FILES = [
  'accounts',
  'acts',
  'dry-runs',
  'feed-gaps',
  'feed-records',
  'health',
  'import-undo',
  'imports',
  'keys',
  'metrics',
  'sims',
  'usage',
  'usage-events',
  'usage-records',
]

// The long tests run all files.
runOn('postgres', `http/{${FILES.join(',')}}.test.ts`)
