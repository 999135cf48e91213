/**
 * What a delivery's bytes are, whatever its name: plain records, or gzip or ZIP data around them, as its
 * first bytes tell. Anything that cannot be records is refused by its kind, with the remedy.
 */
import type { FileHandle } from 'node:fs/promises'
import { LIMITS_DEFAULT } from '../domain/limits.ts'
import { UsageError } from '../domain/usage-error.ts'
import { unpackedGzip } from './gzip.ts'
import { READ_BYTES, type UnpackLimits } from './unpack-limits.ts'
import { unpackedZip } from './zip.ts'

/** Up to the mark of a tar archive, which comes last. */
const HEAD_BYTES = 262
/** The longest of the marks at the beginning. */
const MARK_BYTES_MAX = 22
/** Up to here, a tar archive has a zero somewhere: after its first file's name, or in its permissions. */
const TAR_ZERO_BYTES = 108

const GZIP = [0x1f, 0x8b]
/** Including the bytes of a byte order mark. */
const BLANKS = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]
const ZIP_MARKS = [
  [0x50, 0x4b, 0x03, 0x04],
  [0x50, 0x4b, 0x05, 0x06],
  [0x50, 0x4b, 0x07, 0x08],
]

interface ForeignKind {
  readonly mark: readonly number[] | string
  /** Its position, if not the beginning. */
  readonly at?: number
  readonly name: string
  readonly remedy: string
}

const UNPACK = 'unpack it, or pack it with gzip'
const DECRYPT = 'decrypt it first'
const EXPORT = 'ask the carrier for its usage records as text, or export it as CSV'

/** No format's records begin with any of these. */
const FOREIGN_KINDS: readonly ForeignKind[] = [
  { mark: '%PDF-', name: 'a PDF document', remedy: EXPORT },
  {
    mark: [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
    name: 'an old or encrypted Excel workbook',
    remedy: 'save it as CSV, without a password',
  },
  { mark: 'BZh', name: 'bzip2 data', remedy: UNPACK },
  { mark: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'xz data', remedy: UNPACK },
  { mark: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd data', remedy: UNPACK },
  { mark: [0x04, 0x22, 0x4d, 0x18], name: 'lz4 data', remedy: UNPACK },
  { mark: [0x1f, 0x9d], name: 'compress data (.Z)', remedy: UNPACK },
  { mark: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], name: 'a 7z archive', remedy: UNPACK },
  { mark: 'Rar!', name: 'a RAR archive', remedy: UNPACK },
  { mark: '-----BEGIN PGP ', name: 'encrypted or signed by PGP', remedy: DECRYPT },
  // The packets of a message encrypted for a key (RSA of 2048 to 4096 bits, or a curve), and with a
  // password.
  ...[
    [0x85, 0x01, 0x0c, 0x03],
    [0x85, 0x01, 0x8c, 0x03],
    [0x85, 0x02, 0x0c, 0x03],
    [0x84, 0x5e, 0x03],
    [0x8c, 0x0d, 0x04],
  ].map((mark) => ({ mark, name: 'encrypted by PGP', remedy: DECRYPT })),
  { mark: 'Salted__', name: 'encrypted by OpenSSL', remedy: DECRYPT },
  { mark: 'age-encryption.org/v1', name: 'encrypted by age', remedy: DECRYPT },
  // After a header of two to five bytes comes the name of the content type: PKCS #7.
  ...[2, 4, 5, 6].map((at) => ({
    mark: [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07],
    at,
    name: 'encrypted or signed by S/MIME',
    remedy: DECRYPT,
  })),
  ...['MIME-Version: ', 'Return-Path: <', 'Received: from '].map((mark) => ({
    mark,
    name: 'a mail message',
    remedy: 'save the attached file, and import that',
  })),
  {
    mark: 'ustar',
    at: 257,
    name: 'a tar archive',
    remedy: 'unpack it and import its files one by one',
  },
  { mark: 'PAR1', name: 'a Parquet file', remedy: EXPORT },
  { mark: 'SQLite format 3\0', name: 'a SQLite database', remedy: EXPORT },
  ...['\x89PNG', '\xff\xd8\xff', 'GIF8'].map((mark) => ({
    mark,
    name: 'a picture',
    remedy: EXPORT,
  })),
  { mark: '{\\rtf1', name: 'a word processor document (RTF)', remedy: EXPORT },
  { mark: 'Obj\x01', name: 'an Avro file', remedy: EXPORT },
  ...[
    [0xff, 0xfe, 0x00, 0x00],
    [0x00, 0x00, 0xfe, 0xff],
  ].map((mark) => ({ mark, name: 'text in UTF-32', remedy: 'save it in UTF-8' })),
  ...['<!DOCTYPE html', '<!doctype html', '<html', '<HTML'].map((mark) => ({
    mark,
    name: 'a web page',
    remedy:
      'fetch it again: a server answers with a page when a login has expired or a link is wrong',
  })),
]

/** With their marks as bytes, because each delivery is compared with all of them. */
const FOREIGN_MARKS = FOREIGN_KINDS.map((kind) => {
  const { mark } = kind
  const isText = typeof mark === 'string'
  return { kind, isText, bytes: isText ? Buffer.from(mark, 'latin1') : mark }
})

/**
 * Yields the plain bytes of a delivery. Throws `unreadable` if packed data is cut or damaged, if it
 * unpacks to more than the limits allow (before more is unpacked), and if no format reads what the
 * delivery is.
 */
export async function* plainBytes(
  source: AsyncIterable<Uint8Array>,
  limits: UnpackLimits = LIMITS_DEFAULT,
): AsyncIterable<Uint8Array> {
  const { head, bytes } = await sniff(source)
  refuseForeign(head)
  if (!isPacked(head)) {
    yield* bytes
    return
  }
  const unpacked = startsWith(head, GZIP) ? unpackedGzip(bytes, limits) : unpackedZip(bytes, limits)
  const inner = await sniff(unpacked)
  refuseForeign(inner.head)
  if (isPacked(inner.head)) {
    await inner.bytes[Symbol.asyncIterator]().return?.()
    throw new UsageError('unreadable', 'the delivery is packed twice', {
      hint: 'unpack it once, and import what comes out',
    })
  }
  yield* inner.bytes
}

/**
 * Reads a packed file to its end without keeping anything, so that a cut or damaged one is refused before
 * any of it is counted. Does nothing for a plain file, and does not move the position of `file`. Throws
 * `unreadable`.
 */
export async function verifyPackedFile(
  file: FileHandle,
  limits: UnpackLimits = LIMITS_DEFAULT,
): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES)
  await file.read(head, 0, HEAD_BYTES, 0)
  if (!isPacked(head)) return
  const packed = file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES })
  for await (const _ of plainBytes(packed, limits));
}

function isPacked(head: Uint8Array): boolean {
  return [GZIP, ...ZIP_MARKS].some((mark) => startsWith(head, mark))
}

function foreignKind(head: Uint8Array): ForeignKind | undefined {
  // Readers of such files tolerate blanks before a text that begins them.
  const textAt = Math.max(
    0,
    head.findIndex((byte) => !BLANKS.includes(byte)),
  )
  const found = FOREIGN_MARKS.find(({ kind, isText, bytes }) =>
    startsWith(head, bytes, kind.at ?? (isText ? textAt : 0)),
  )
  return found?.kind
}

/** True if more bytes would not change the result, so that a slow sender is not waited for. */
function isEnough(head: Uint8Array): boolean {
  if (head.length >= HEAD_BYTES) return true
  if (head.length < MARK_BYTES_MAX) return false
  if (isPacked(head) || foreignKind(head) !== undefined) return true
  return head.length >= TAR_ZERO_BYTES && !head.includes(0)
}

function refuseForeign(head: Uint8Array): void {
  const kind = foreignKind(head)
  if (kind === undefined) return
  throw new UsageError('unreadable', `the delivery is ${kind.name}, not usage records`, {
    hint: kind.remedy,
  })
}

function startsWith(head: Uint8Array, mark: ArrayLike<number>, at = 0): boolean {
  for (let i = 0; i < mark.length; i++) if (head[at + i] !== mark[i]) return false
  return true
}

/** The first bytes, and all bytes including them. */
async function sniff(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; bytes: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array(0)
  let done = false
  while (!isEnough(head) && !done) {
    const next = await iterator.next()
    done = next.done === true
    if (!done) head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  async function* all(): AsyncIterable<Uint8Array> {
    try {
      if (head.length > 0) yield head
      while (!done) {
        const next = await iterator.next()
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return { head, bytes: all() }
}
