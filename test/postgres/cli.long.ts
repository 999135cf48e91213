/** Commands do on PostgreSQL what they do on SQLite. */
import { runOn } from '../support/on-engine.ts'

await runOn('postgres', 'cli/!(process|migrate).test.ts')
