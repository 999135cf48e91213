/** Simtally's server alone, on the store named by the first argument, which it leaves as it is. */
import { buildServer } from '../../src/http/server.ts'
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.ts'
import { NOW } from '../dataset.ts'

const server = buildServer({ store: await openSqliteStore(process.argv[2]!), clock: () => NOW })
console.log(await server.listen({ host: '127.0.0.1', port: 0 }))
