/** Simtally's server alone, on the existing store whose URL is the first argument. */
import { buildServer } from '../../src/http/server.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { NOW } from '../dataset.ts'

const server = buildServer({
  store: await openStore(process.argv[2]!),
  clock: () => NOW,
  // One credential sends all requests.
  limits: { requestRate: 1_000_000, requestBurst: 1_000_000 },
})
console.log(await server.listen({ host: '127.0.0.1', port: 0 }))
