/**
 * Unpacks a ZIP with one file as a stream, front to back. The entries' own headers are read, and the
 * directory at the end only shows that nothing is missing. Layout: PKWARE's APPNOTE 6.3, chapter 4.
 */
import { crc32, createInflateRaw } from 'node:zlib'
import { shown, UsageError } from '../domain/usage-error.ts'
import { READ_BYTES, refuseBeyond, type UnpackLimits } from './unpack-limits.ts'

const ENTRY = 0x04034b50
const DESCRIPTOR = 0x08074b50
const DIRECTORY = 0x02014b50
const END = 0x06054b50
const ENTRY_HEADER_BYTES = 30
/** The end record may be followed by a comment of up to this many bytes. */
const END_BYTES_MAX = 22 + 0xffff
const SIZE_UNKNOWN = 0xffff_ffff

const IS_ENCRYPTED = 1
const HAS_DESCRIPTOR = 8
const STORED = 0
const DEFLATED = 8

interface Entry {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  /** Size of the packed data; unknown if a descriptor follows. */
  readonly packedBytes: number
}

/** Yields the bytes of the one file. Throws `unreadable` for anything but one whole file. */
export async function* unpackedZip(
  packed: AsyncIterable<Uint8Array>,
  limits: UnpackLimits,
): AsyncIterable<Uint8Array> {
  const input = new ByteSource(packed)
  let file: Entry | null = null
  try {
    for (;;) {
      const signature = await input.peekUint32()
      if (signature !== ENTRY) break
      const entry = await readEntry(input)
      if (isBeside(entry)) await skip(input, entry, limits)
      else if (file !== null) throw severalFiles(file, entry)
      else {
        file = entry
        refuseUnreadable(entry)
        yield* unpackedEntry(input, entry, limits)
      }
    }
    await readDirectory(input, file)
  } finally {
    input.close()
  }
}

/** Folders, and what macOS and Windows add beside files. */
const BESIDE = /\/$|^__MACOSX\/|(?:^|\/)(?:\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$/i

function isBeside({ name }: Entry): boolean {
  return BESIDE.test(name)
}

async function readEntry(input: ByteSource): Promise<Entry> {
  const header = await input.exactly(ENTRY_HEADER_BYTES)
  const name = await input.exactly(header.readUInt16LE(26))
  await input.exactly(header.readUInt16LE(28))
  return {
    name: name.toString('utf8'),
    flags: header.readUInt16LE(6),
    method: header.readUInt16LE(8),
    crc: header.readUInt32LE(14),
    packedBytes: header.readUInt32LE(18),
  }
}

function refuseUnreadable({ name, flags, method, packedBytes }: Entry): void {
  if (/^(?:\[Content_Types\]\.xml$|_rels\/|docProps\/|xl\/)/.test(name)) {
    throw notRecords('an Excel workbook', 'save it as CSV')
  }
  if (name === 'mimetype') throw notRecords('an OpenDocument file', 'save it as CSV')
  if ((flags & IS_ENCRYPTED) !== 0) {
    throw new UsageError('unreadable', `the ZIP is encrypted (${shown(name)})`, {
      hint: 'unpack it with its password, and import what comes out',
    })
  }
  const isKnown = method === DEFLATED || (method === STORED && packedBytes !== SIZE_UNKNOWN)
  if (isKnown && !(method === STORED && (flags & HAS_DESCRIPTOR) !== 0)) return
  throw new UsageError('unreadable', `the ZIP is packed in a way that is not read (${method})`, {
    hint: 'unpack it, or pack it with gzip',
  })
}

async function* unpackedEntry(
  input: ByteSource,
  entry: Entry,
  limits: UnpackLimits,
): AsyncIterable<Uint8Array> {
  let crc = 0
  const data = entry.method === STORED ? stored(input, entry) : inflated(input, limits)
  for await (const chunk of data) {
    crc = crc32(chunk, crc)
    yield chunk
  }
  const stated = (entry.flags & HAS_DESCRIPTOR) === 0 ? entry.crc : await readDescriptor(input)
  if (crc !== stated) throw damaged('its checksum is another one')
}

async function* stored(input: ByteSource, { packedBytes }: Entry): AsyncIterable<Uint8Array> {
  for (let left = packedBytes; left > 0; ) {
    const chunk = await input.exactly(Math.min(left, READ_BYTES))
    left -= chunk.length
    yield chunk
  }
}

/** Deflated data itself marks where it ends; what was read beyond that is put back. */
async function* inflated(input: ByteSource, limits: UnpackLimits): AsyncIterable<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: READ_BYTES })
  /** What was read but is not certain to be unpacked. */
  let fed: Uint8Array = new Uint8Array(0)
  let bytesFed = 0
  let isOver = false
  const feed = async () => {
    while (!isOver) {
      const chunk = await input.chunk()
      if (chunk === null) {
        inflate.end()
        return
      }
      bytesFed += chunk.length
      const consumed = fed.length - (bytesFed - chunk.length - inflate.bytesWritten)
      fed = Buffer.concat([fed.subarray(consumed), chunk])
      // Past its end, the data takes no more input, so a write then must not be waited for.
      await Promise.race([new Promise((resolve) => inflate.write(chunk, resolve)), ended.promise])
    }
  }
  const ended = Promise.withResolvers<void>()
  const feeding = feed().catch((error: unknown) => {
    inflate.destroy(error as Error)
  })
  try {
    let bytesUnpacked = 0
    for await (const chunk of inflate) {
      bytesUnpacked += chunk.length
      refuseBeyond(limits, bytesUnpacked, inflate.bytesWritten)
      yield chunk
    }
    isOver = true
    ended.resolve()
    // What is being read at this moment is among what is put back.
    await feeding
    input.giveBack(fed.subarray(fed.length - (bytesFed - inflate.bytesWritten)))
  } catch (error) {
    throw translated(error)
  } finally {
    isOver = true
    ended.resolve()
    inflate.destroy()
  }
}

async function skip(input: ByteSource, entry: Entry, limits: UnpackLimits): Promise<void> {
  const isEmpty = entry.packedBytes === 0 && (entry.flags & HAS_DESCRIPTOR) === 0
  if (isEmpty) return
  const data = entry.method === STORED ? stored(input, entry) : inflated(input, limits)
  for await (const _ of data);
  if ((entry.flags & HAS_DESCRIPTOR) !== 0) await readDescriptor(input)
}

/** The checksum after an entry. Its sizes have 4 or 8 bytes, which shows by what follows them. */
async function readDescriptor(input: ByteSource): Promise<number> {
  if ((await input.peekUint32()) === DESCRIPTOR) await input.exactly(4)
  const crc = (await input.exactly(4)).readUInt32LE(0)
  await input.exactly(8)
  const next = await input.peekUint32()
  if (next !== ENTRY && next !== DIRECTORY) await input.exactly(8)
  return crc
}

/** Reads on to the end, where a whole ZIP has its end record. */
async function readDirectory(input: ByteSource, file: Entry | null): Promise<void> {
  const signature = await input.peekUint32()
  if (signature === END && file === null) throw noFile()
  if (signature !== DIRECTORY) {
    throw signature === null ? cut() : damaged('something else than a file follows')
  }
  if (file === null) throw noFile()
  let tail = Buffer.alloc(0)
  for (let chunk = await input.chunk(); chunk !== null; chunk = await input.chunk()) {
    tail = Buffer.concat([tail, chunk])
    if (tail.length > END_BYTES_MAX) tail = tail.subarray(-END_BYTES_MAX)
  }
  const end = Buffer.alloc(4)
  end.writeUInt32LE(END)
  if (!tail.includes(end)) throw cut()
}

/** Takes bytes from chunks: a given number, or whatever comes next. */
class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]()
  }

  /** Null at the end. */
  async chunk(): Promise<Uint8Array | null> {
    if (this.#rest.length > 0) {
      const chunk = this.#rest
      this.#rest = new Uint8Array(0)
      return chunk
    }
    for (;;) {
      const { done, value } = await this.#iterator.next()
      if (done === true) return null
      if (value.length > 0) return value
    }
  }

  giveBack(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([bytes, this.#rest])
  }

  /** Throws `unreadable` if there are fewer. */
  async exactly(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let missing = count
    while (missing > 0) {
      const chunk = await this.chunk()
      if (chunk === null) throw cut()
      parts.push(chunk.subarray(0, missing))
      if (chunk.length > missing) this.giveBack(chunk.subarray(missing))
      missing -= Math.min(missing, chunk.length)
    }
    return Buffer.concat(parts)
  }

  /** Null if fewer than four bytes are left. */
  async peekUint32(): Promise<number | null> {
    const parts: Uint8Array[] = []
    let length = 0
    while (length < 4) {
      const chunk = await this.chunk()
      if (chunk === null) break
      parts.push(chunk)
      length += chunk.length
    }
    const bytes = Buffer.concat(parts)
    this.giveBack(bytes)
    return bytes.length < 4 ? null : bytes.readUInt32LE(0)
  }

  close(): void {
    // Not awaited, because a source that waits for bytes ends only when more of them come.
    this.#iterator.return?.().catch(() => {})
  }
}

function translated(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !code.startsWith('Z_')) return error
  return code === 'Z_BUF_ERROR' ? cut() : damaged((error as Error).message)
}

function severalFiles(first: Entry, second: Entry): UsageError {
  const names = `${shown(first.name)}, ${shown(second.name)}`
  return new UsageError('unreadable', `the ZIP has more than one file (${names})`, {
    hint: 'unpack it and import its files one by one',
  })
}

function noFile(): UsageError {
  return new UsageError('unreadable', 'the ZIP has no file in it', {
    hint: 'fetch the delivery again',
  })
}

function notRecords(what: string, remedy: string): UsageError {
  return new UsageError('unreadable', `the delivery is ${what}, not usage records`, {
    hint: remedy,
  })
}

function cut(): UsageError {
  return broken('cut off')
}

function damaged(why: string): UsageError {
  return broken(`damaged (${why})`)
}

function broken(how: string): UsageError {
  return new UsageError('unreadable', `the ZIP data is ${how}`, {
    hint: 'fetch the delivery again and import it whole; records that were counted stay counted once',
  })
}
