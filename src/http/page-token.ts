/**
 * Page tokens: what a later page must know of the first one, signed so that nobody else can make
 * one. All processes on a store share its key, so each understands the tokens of the others.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { UsageStore } from '../storage/usage-store.ts'
import { HttpError } from './error-reply.ts'

/** Longer than any token made here, record ids of four bytes a character included. */
const TOKEN_CHARACTERS_MAX = 4_096

/** Half of SHA-256: guessing 128 bits is out of reach, and URLs stay short. */
const MAC_BYTES = 16

export type TokenValue = string | number | null
/** The first value names the kind of list and the layout of the rest. */
export type TokenPayload = readonly [kind: string, ...values: TokenValue[]]

export class PageTokens {
  readonly #store: Pick<UsageStore, 'signingKey'>
  #key: Uint8Array | null = null

  constructor(store: Pick<UsageStore, 'signingKey'>) {
    this.#store = store
  }

  async seal(payload: TokenPayload): Promise<string> {
    const text = Buffer.from(JSON.stringify(payload))
    return Buffer.concat([await this.#mac(text), text]).toString('base64url')
  }

  /** Throws the error of an invalid page token unless it is one of this store, of this kind. */
  async open(token: string, kind: string): Promise<TokenPayload> {
    if (token.length > TOKEN_CHARACTERS_MAX) throw invalidPageToken()
    const bytes = Buffer.from(token, 'base64url')
    // Decoding skips what it does not know; only the spelling that was issued is accepted.
    if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== token) throw invalidPageToken()
    const text = bytes.subarray(MAC_BYTES)
    if (!timingSafeEqual(await this.#mac(text), bytes.subarray(0, MAC_BYTES))) {
      throw invalidPageToken()
    }
    const payload = JSON.parse(text.toString()) as TokenPayload
    if (payload[0] !== kind) throw invalidPageToken()
    return payload
  }

  async #mac(text: Uint8Array): Promise<Buffer> {
    this.#key ??= await this.#store.signingKey()
    return createHmac('sha256', this.#key).update(text).digest().subarray(0, MAC_BYTES)
  }
}

export function invalidPageToken(): HttpError {
  return new HttpError(
    'invalid_page_token',
    'PageToken is not one that was issued for this list and these parameters; ' +
      'follow next_page_url as it is given, or start again without PageToken',
  )
}

/** Enough to notice a changed filter; the signature is what protects the token. */
const FINGERPRINT_CHARACTERS = 6

/** Stands for a filter's text in a token, where the text itself would make URLs long. */
export function fingerprint(filter: string | undefined): string | null {
  if (filter === undefined) return null
  return hash('sha256', filter, 'base64url').slice(0, FINGERPRINT_CHARACTERS)
}
