/**
 * What the package offers to programs of others: the store, and the server that answers from it. Everything
 * else in it may change with any version. The types here lead to no package without types of its own.
 */
import * as stores from './storage/open-store.ts'
import type { UsageStore } from './storage/usage-store.ts'

export { LIMITS_DEFAULT, type Limits } from './domain/limits.ts'
export { UsageError, type UsageErrorCode } from './domain/usage-error.ts'
export type { TrustProxy } from './http/base-url.ts'
export type { HttpServer } from './http/route-context.ts'
export { buildServer, type ServerOptions } from './http/server.ts'
export type { EmptyBranches } from './http/usage-record.ts'
export type { UsageStore }

/**
 * Opens the store that a URL names, `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`. Fails with
 * `missing` where there is none, and throws `invalid` for a URL of another form.
 */
export function openStore(url: string): Promise<UsageStore> {
  return stores.openStore(url)
}

/** Makes a store where there is none; resolves to whether it did. Fails as `openStore` does. */
export async function createStore(url: string): Promise<boolean> {
  return (await stores.createStore(url)).made
}
