/** What tells one store from another: made of its signing key, which is drawn when a store is made. */
import { createHash } from 'node:crypto'

/** Moves and backups of a store have the same; the key cannot be found out from it. */
export function storeIdOf(signingKey: Uint8Array): string {
  const asText = Buffer.from(signingKey).toString('hex')
  return createHash('sha256').update(asText).digest('hex')
}
