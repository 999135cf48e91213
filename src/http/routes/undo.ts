/** `/Imports/{id}/Undo`: undoes an import, or says beforehand what that would change. */
import { Type } from 'typebox'
import { actingStore, callerOf } from '../access.ts'
import { findImportToChange, importAddress } from '../import-lookup.ts'
import { refuseInSids } from '../import-sids.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { undoDryRunSchema, undoDryRunToApi, undoneSchema, undoneToApi } from '../schemas/import.ts'

const params = Type.Object({ id: Type.String() })

export function addUndoRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates } = context

  server.post(
    '/v1/Imports/:id/Undo',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'undoImport',
        summary: 'Undoes a delivery',
        params,
        response: { 200: undoneSchema, ...failures },
      },
    },
    async (request) => {
      const { id } = await findImportToChange(store, callerOf(request), request.params.id)
      const address = await importAddress(context, request)
      const undone = await actingStore(context, request)
        .undoImport(id, clock())
        .catch((error: unknown) => refuseInSids(error, address.sids))
      return undoneToApi(undone, address)
    },
  )

  server.post(
    '/v1/Imports/:id/Undo/DryRun',
    {
      onRequest: gates.admin,
      schema: {
        operationId: 'tryUndo',
        summary: 'Shows what undoing a delivery would change, and undoes nothing',
        params,
        response: { 200: undoDryRunSchema, ...failures },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { id } = await findImportToChange(store, caller, request.params.id)
      const address = await importAddress(context, request)
      const trial = await store
        .tryUndo(id, clock())
        .catch((error: unknown) => refuseInSids(error, address.sids))
      return undoDryRunToApi(trial, caller, address)
    },
  )
}
