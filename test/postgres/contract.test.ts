/** PostgreSQL keeps the promises of the port. */
import { postgresEngine } from '../contract/postgres-engine.ts'
import { describeUsageStore } from '../contract/usage-store.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'

stopServerAtEnd()

describeUsageStore(postgresEngine('PostgreSQL', 'postgres'))
