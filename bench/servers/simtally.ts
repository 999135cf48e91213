/** Simtally on the store named by the first argument, with its clock at the data's end. */
import { buildServer } from '../../src/http/server.ts'
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.ts'
import { NOW } from '../dataset.ts'

const server = buildServer({ store: await openSqliteStore(process.argv[2]!), clock: () => NOW })
console.log(await server.listen({ host: '127.0.0.1', port: 0 }))
