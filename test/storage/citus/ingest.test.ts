/** Deliveries become usage on Citus as they do on SQLite. */
import { runOn } from '../../support/on-engine.ts'

runOn('citus', 'ingest/*.test.ts')
