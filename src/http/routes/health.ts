/** Whether the process is up, and whether it can answer. Open to everybody: they tell no more. */
import { Type } from 'typebox'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'

const statusSchema = Type.Object({ status: Type.String() })
const schema = { response: { 200: statusSchema, ...failures } }

export function addHealthRoutes(server: HttpServer, { store }: RouteContext): void {
  server.get('/healthz', { schema }, async () => ({ status: 'up' }))

  server.get('/readyz', { schema }, async () => {
    await store.check()
    return { status: 'ready' }
  })
}
