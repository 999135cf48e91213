/**
 * Tells one store from another, by an id made from its signing key, which is drawn when a store is
 * created.
 */
import { createHash } from 'node:crypto'

/** Moved stores and backups keep the same id. The key cannot be derived from it. */
export function storeIdOf(signingKey: Uint8Array): string {
  const asText = Buffer.from(signingKey).toString('hex')
  return createHash('sha256').update(asText).digest('hex')
}
