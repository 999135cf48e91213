/** The API answers from Citus as it does from SQLite. */
import { runOn } from '../../support/on-engine.ts'

runOn('citus', 'http/*.test.ts')
