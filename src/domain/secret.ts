/**
 * Secrets and the SIDs that go with them. Drawing random bytes is the only side effect here, and
 * `node:crypto` the only import.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Sid, SidPrefix } from './identifiers.ts'

/** As many bits as the 32 hexadecimal digits of a SID or an auth token hold. */
const RANDOM_BYTES = 16

/** A new auth token or key secret: 32 hexadecimal digits, 128 random bits. */
export function newSecret(): string {
  return randomBytes(RANDOM_BYTES).toString('hex')
}

/** A new SID with 128 random bits: two of them never meet. */
export function newSid(prefix: SidPrefix): Sid {
  return `${prefix}${randomBytes(RANDOM_BYTES).toString('hex')}` as Sid
}

/**
 * SHA-256, hexadecimal: what the store keeps in place of a secret. A slow password hash would buy
 * nothing, because 128 random bits cannot be guessed, and every request has to pass this.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}
