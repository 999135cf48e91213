/**
 * Page tokens: what a later page must know of the first one. They are encrypted, so that nobody else can make
 * one and because row ids would reveal how many rows there are. All processes on a store share the key, so
 * each understands the tokens of the others.
 */
import { createCipheriv, createDecipheriv, createHmac, hash } from 'node:crypto'
import type { UsageStore } from '../storage/usage-store.ts'
import { HttpError } from './error-reply.ts'

/** Longer than any token made here, even with record ids of four bytes per character. */
const TOKEN_CHARACTERS_MAX = 4_096

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const NUMBER_BYTES = 8

export type TokenValue = string | number | null
/** The first value names the kind of list and the layout of the rest. */
export type TokenPayload = readonly [kind: string, ...values: TokenValue[]]

export class PageTokens {
  readonly #store: Pick<UsageStore, 'signingKey'>
  #keys: { readonly nonce: Buffer; readonly cipher: Buffer } | null = null

  constructor(store: Pick<UsageStore, 'signingKey'>) {
    this.#store = store
  }

  async seal(payload: TokenPayload): Promise<string> {
    const text = toBytes(payload)
    const keys = await this.#storeKeys()
    const nonce = nonceOf(text, keys.nonce)
    const cipher = createCipheriv(CIPHER, keys.cipher, nonce)
    const sealed = [nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat(sealed).toString('base64url')
  }

  /** Throws the error of an invalid page token unless this store made it, for this kind of list. */
  async open(token: string, kind: string): Promise<TokenPayload> {
    if (token.length > TOKEN_CHARACTERS_MAX) throw invalidPageToken()
    const bytes = Buffer.from(token, 'base64url')
    // The decoder skips unknown characters, so accept only the spelling that was issued.
    const isWhole = bytes.length > NONCE_BYTES + TAG_BYTES
    if (!isWhole || bytes.toString('base64url') !== token) throw invalidPageToken()
    const { cipher } = await this.#storeKeys()
    const payload = fromBytes(decrypted(bytes, cipher))
    if (payload[0] !== kind) throw invalidPageToken()
    return payload
  }

  async #storeKeys() {
    if (this.#keys === null) {
      const key = await this.#store.signingKey()
      const keyFor = (use: string) => createHmac('sha256', key).update(use).digest()
      this.#keys = { nonce: keyFor('page token nonce'), cipher: keyFor('page token') }
    }
    return this.#keys
  }
}

/**
 * The nonce follows from the content: a page has one URL, and no two contents share a nonce. A token begins with
 * its nonce, and must not begin with a minus sign: lines of CSV would have an apostrophe in front of it.
 */
function nonceOf(text: Buffer, key: Buffer): Buffer {
  let digest = text
  do digest = createHmac('sha256', key).update(digest).digest()
  while (digest.toString('base64url', 0, 3).startsWith('-'))
  return digest.subarray(0, NONCE_BYTES)
}

/** Throws the error of an invalid page token for anything not encrypted with the key. */
function decrypted(bytes: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ])
  } catch {
    throw invalidPageToken()
  }
}

/** Every number takes the same length, so that the length of a token reveals nothing. */
function toBytes(payload: TokenPayload): Buffer {
  const numbers = payload.filter((value) => typeof value === 'number')
  const head = Buffer.alloc(1 + numbers.length * NUMBER_BYTES, numbers.length)
  numbers.forEach((number, i) => {
    head.writeDoubleLE(number, 1 + i * NUMBER_BYTES)
  })
  const rest = payload.map((value) => (typeof value === 'number' ? 0 : value))
  return Buffer.concat([head, Buffer.from(JSON.stringify(rest))])
}

function fromBytes(bytes: Buffer): TokenPayload {
  const end = 1 + bytes[0]! * NUMBER_BYTES
  const rest = JSON.parse(bytes.subarray(end).toString()) as TokenValue[]
  let at = 1
  const values = rest.map((value) => {
    if (value !== 0) return value
    const number = bytes.readDoubleLE(at)
    at += NUMBER_BYTES
    return number
  })
  return values as unknown as TokenPayload
}

export function invalidPageToken(): HttpError {
  return new HttpError(
    'invalid_page_token',
    'PageToken is not one that was issued for this list and these parameters; ' +
      'follow next_page_url as it is given, or start again without PageToken',
  )
}

/** Enough to notice a changed filter; encryption protects the token itself. */
const FINGERPRINT_CHARACTERS = 6

/** Takes the place of a filter's text in a token, because the text itself would make URLs long. */
export function fingerprint(filter: string | undefined): string | null {
  if (filter === undefined) return null
  return hash('sha256', filter, 'base64url').slice(0, FINGERPRINT_CHARACTERS)
}
