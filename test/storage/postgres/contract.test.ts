/** PostgreSQL keeps the promises of the port; `contract.long.ts` runs all of them. */
import { postgresEngine } from '../../contract/postgres-engine.ts'
import { describeUsageStore } from '../../contract/usage-store.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

describeUsageStore(postgresEngine('PostgreSQL', 'postgres'))
