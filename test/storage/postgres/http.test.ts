/** The API answers from PostgreSQL as it does from SQLite: one file for each thing that it reads or changes. */
import { runOn } from '../../support/on-engine.ts'

const FILES = [
  'accounts',
  'acts',
  'audit',
  'dry-runs',
  'feed-gaps',
  'feed-records',
  'feed-retirement',
  'groups',
  'health',
  'import-undo',
  'imports',
  'keys',
  'metrics',
  'sim-moves',
  'sims',
  'usage',
  'usage-events',
  'usage-records',
]

// The long tests run all files.
runOn('postgres', `http/{${FILES.join(',')}}.test.ts`)
