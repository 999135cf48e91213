/** Deliveries become usage on PostgreSQL as they do on SQLite. */
import { runOn } from '../support/on-engine.ts'

await runOn('postgres', 'ingest/*.test.ts')
