/** Citus keeps the promises of the port. */
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { describeUsageStore } from '../../contract/usage-store.ts'

describeUsageStore(postgresEngine('Citus', 'citus'))
