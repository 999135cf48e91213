/** Commands do on PostgreSQL what they do on SQLite. */
import { runOn } from '../../support/on-engine.ts'

runOn('postgres', 'cli/!(process|migrate).test.ts')
