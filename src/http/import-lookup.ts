/** Finds the import that a path names, within what the caller may know. */
import type { FastifyRequest } from 'fastify'
import type { Import } from '../domain/import.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { feedToDeliverTo } from './access.ts'
import type { Caller } from './credentials.ts'
import { notFound } from './error-reply.ts'
import { importSids } from './import-sids.ts'
import type { RouteContext } from './route-context.ts'
import type { ImportAddress } from './schemas/import.ts'

/** How answers name an import. */
export async function importAddress(
  { store, baseUrlOf }: Pick<RouteContext, 'store' | 'baseUrlOf'>,
  request: FastifyRequest,
): Promise<ImportAddress> {
  return { baseUrl: baseUrlOf(request), sids: await importSids(store) }
}

/** By its SID or, for the operator, also by the number that the command line shows. */
export async function findImport(
  store: Pick<UsageStore, 'findImport' | 'signingKey'>,
  { account }: Caller,
  id: string,
): Promise<Import> {
  const number = account === null && /^\d{1,15}$/.test(id) ? Number(id) : null
  const known = number ?? (await importSids(store)).idOf(id)
  const found = known === null ? null : await store.findImport(known)
  const mayRead = account === null || found?.accountSid === account.sid
  if (found === null || !mayRead) throw notFound()
  return found
}

/** As `findImport`, but an account may not change imports of a feed that it may no longer deliver to. */
export async function findImportToChange(
  store: Pick<UsageStore, 'findImport' | 'signingKey' | 'findFeed' | 'findAccountFeed'>,
  caller: Caller,
  id: string,
): Promise<Import> {
  const found = await findImport(store, caller, id)
  await feedToDeliverTo(store, caller, found.feedName)
  return found
}
