/** `/Audit`: what the last audit found, and requests for a new one. The serving process carries it out. */
import { endOfAudit, newAuditRun } from '../../storage/usage-store.ts'
import { callerOf, requireOperator } from '../access.ts'
import { notFound } from '../error-reply.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { auditSchema, auditToApi } from '../schemas/audit.ts'
import { failures } from '../schemas/error.ts'

export function addAuditRoutes(server: HttpServer, { store, clock, gates }: RouteContext): void {
  server.get(
    '/v1/Audit',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchAudit',
        summary: 'What the last audit found; for the operator',
        response: { 200: auditSchema, ...failures },
      },
    },
    async (request) => {
      requireOperator(callerOf(request))
      const run = await store.readAuditRun()
      if (run === null) throw notFound()
      return auditToApi(run)
    },
  )

  server.post(
    '/v1/Audit',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'requestAudit',
        summary: 'Requests an audit; for the operator',
        response: { 202: auditSchema, ...failures },
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request))
      const last = await store.readAuditRun()
      const isAsked = last !== null && last.requestedAt !== null && last.finishedAt === null
      const run = isAsked
        ? last
        : newAuditRun({ requestedAt: clock(), last: last && endOfAudit(last) })
      if (!isAsked) await store.keepAuditRun(run)
      reply.status(202)
      return auditToApi(run)
    },
  )
}
