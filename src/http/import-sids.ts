/**
 * The names of imports on the wire. Import ids count up across all accounts, so they would tell each account
 * how much the others and the operator deliver. An id is therefore shown as one encrypted block.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'

const CIPHER = 'aes-256-ecb'
const BLOCK_BYTES = 16
const ID_BYTES = 8
const SID = /^IM[0-9a-f]{32}$/

/** Translates between an import's id and its SID, which is the same for all processes on a store. */
export interface ImportSids {
  readonly of: (id: number) => string
  /** Null for anything that is no SID of this store. */
  readonly idOf: (sid: string) => number | null
}

/**
 * The store names an import by its id; this puts the store's words in terms of the SID, for callers of the
 * API.
 */
export function inSids(text: string, id: number, sids: ImportSids): string {
  return text.replaceAll(`import ${id} `, `import ${sids.of(id)} `)
}

/** Rethrows the store's refusal to change an import, worded by `inSids`. */
export function refuseInSids(error: unknown, sids: ImportSids): never {
  if (!(error instanceof UsageError)) throw error
  const { code, message, hint } = error
  const id = /^(?:there is no )?import (\d+)(?= |$)/.exec(message)?.[1]
  if (id === undefined) throw error
  const told = inSids(`${message} `, Number(id), sids).trimEnd()
  throw new UsageError(code, told, { cause: error, ...(hint && { hint }) })
}

/** A conflict's detail ends with the version that is stored, after whatever the record itself says. */
const STORED_VERSION = /^(.* \(import )(\d+)(, line \d+\), this one states .*)$/s

/** Why a record is quarantined, worded by `inSids`. */
export function detailInSids(detail: string, sids: ImportSids): string {
  const [, before, id, after] = STORED_VERSION.exec(detail) ?? []
  return before === undefined ? detail : `${before}${sids.of(Number(id))}${after}`
}

const sidsByStore = new WeakMap<object, ImportSids>()

/** A store's key never changes, so it is asked for once. */
export async function importSids(store: Pick<UsageStore, 'signingKey'>): Promise<ImportSids> {
  const known = sidsByStore.get(store)
  if (known !== undefined) return known
  const sids = sidsWith(await store.signingKey())
  sidsByStore.set(store, sids)
  return sids
}

function sidsWith(signingKey: Uint8Array): ImportSids {
  const key = createHmac('sha256', signingKey).update('import sid').digest()
  return {
    of: (id) => {
      // One block, half of it zeros: without the key, nobody can make another such block.
      const block = Buffer.alloc(BLOCK_BYTES)
      block.writeBigUInt64BE(BigInt(id), ID_BYTES)
      const cipher = createCipheriv(CIPHER, key, null).setAutoPadding(false)
      return `IM${Buffer.concat([cipher.update(block), cipher.final()]).toString('hex')}`
    },
    idOf: (sid) => {
      if (!SID.test(sid)) return null
      const decipher = createDecipheriv(CIPHER, key, null).setAutoPadding(false)
      const block = Buffer.concat([decipher.update(sid.slice(2), 'hex'), decipher.final()])
      const id = block.readBigUInt64BE(ID_BYTES)
      const isOurs = block.readBigUInt64BE(0) === 0n && id <= BigInt(Number.MAX_SAFE_INTEGER)
      return isOurs ? Number(id) : null
    },
  }
}
