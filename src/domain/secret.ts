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

/** A new SID with 128 random bits, so that no two are ever equal. */
export function newSid(prefix: SidPrefix): Sid {
  return `${prefix}${randomBytes(RANDOM_BYTES).toString('hex')}` as Sid
}

/**
 * SHA-256 in hexadecimal, which the store keeps instead of a secret. A slow password hash would gain
 * nothing: 128 random bits cannot be guessed, and every request is hashed.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}
