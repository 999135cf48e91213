/** Deliveries become usage on PostgreSQL as they do on SQLite. */
import { runOn } from '../../support/on-engine.ts'

runOn('postgres', 'ingest/*.test.ts')
