/** The API answers from PostgreSQL as it does from SQLite. */
import { runOn } from '../support/on-engine.ts'

await runOn('postgres', 'http/*.test.ts')
