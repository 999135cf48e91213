/**
 * Whether the process is up, and whether it can answer. Open to everybody, because the answers reveal nothing
 * else.
 */
import { Type } from 'typebox'
import { clockFault } from '../../domain/store-time.ts'
import { HttpError } from '../error-reply.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'

const statusSchema = Type.Object({ status: Type.String() })
const schema = { response: { 200: statusSchema, ...failures } }

export function addHealthRoutes(server: HttpServer, { store, clock }: RouteContext): void {
  server.get(
    '/healthz',
    { schema: { ...schema, operationId: 'fetchLiveness', summary: 'Whether the process is up' } },
    async () => ({ status: 'up' }),
  )

  server.get(
    '/readyz',
    { schema: { ...schema, operationId: 'fetchReadiness', summary: 'Whether it can answer' } },
    async () => {
      await store.check()
      const fault = clockFault(clock(), await store.readTime())
      if (fault !== null) throw clockIsWrong(fault)
      return { status: 'ready' }
    },
  )
}

/** Setting a clock right takes longer than seconds. */
const RETRY_AFTER_SECONDS = '60'

function clockIsWrong(fault: string): HttpError {
  return new HttpError('unavailable', fault, { headers: { 'Retry-After': RETRY_AFTER_SECONDS } })
}
