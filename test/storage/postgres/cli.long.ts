/** Commands do on PostgreSQL what they do on SQLite. */
import { runOn } from '../../support/on-engine.ts'

process.env.SIMTALLY_TEST_VOLUME = 'whole'
runOn('postgres', 'cli/!(process|migrate).test.ts', 'cli/examples.long.ts')
