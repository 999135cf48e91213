/** Commands do on Citus what they do on SQLite. */
import { runOn } from '../../support/on-engine.ts'

runOn('citus', 'cli/!(process|migrate).test.ts', 'cli/examples.long.ts')
