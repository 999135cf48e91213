/** PostgreSQL keeps the promises of the port: answers about usage, and what time does to them. */
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { describeUsageStore, SUITES } from '../../contract/usage-store.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

describeUsageStore(postgresEngine('PostgreSQL', 'postgres'), SUITES.usage)
