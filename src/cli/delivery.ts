/** Opens the input of `simtally import`: a file, a pipe, or standard input. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { UsageError } from '../domain/usage-error.ts'
import { verifyPackedFile } from '../ingest/delivery-bytes.ts'
import type { CliContext } from './context.ts'
import { limitsOf } from './limit-settings.ts'

/** The file name that means standard input. */
export const STANDARD_INPUT = '-'

/** Large enough not to limit a file's speed, but small compared to a batch. */
const READ_BYTES = 256 * 1024

export interface Delivery {
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** Null if the end is unknown until it is reached. */
  readonly sizeBytes: number | null
  /**
   * Reads a compressed file once to its end, so that a truncated one is refused before anything counts. Does
   * nothing if the bytes can be read only once. Throws `unreadable`.
   */
  verify(): Promise<void>
  /** Closes the source and stops listening to the process's stop request. */
  close(): Promise<void>
}

/** Opens a delivery and verifies it. If the process is asked to stop, the bytes end with an error. */
export async function openDelivery(context: CliContext, name: string): Promise<Delivery> {
  const delivery = await openUnverified(context, name)
  try {
    await delivery.verify()
    return delivery
  } catch (error) {
    await delivery.close()
    throw error
  }
}

/** As `openDelivery`, for a caller that verifies the delivery itself. */
export async function openUnverified(context: CliContext, name: string): Promise<Delivery> {
  if (name === STANDARD_INPUT) {
    const source = { name, stream: context.stdin, sizeBytes: null }
    return stoppable(context, source, async () => {})
  }
  const file = await openFile(name)
  const stat = await file.stat()
  if (stat.isDirectory()) {
    await file.close()
    throw new UsageError('unreadable', `${name} is a directory`, {
      hint: `name its files: simtally import ${name}/*`,
    })
  }
  // A pipe can be read only once, so only files are verified.
  if (stat.isFile()) return fileDelivery(context, { name, file, sizeBytes: stat.size })
  const stream = file.createReadStream({ highWaterMark: READ_BYTES })
  return stoppable(context, { name, stream, sizeBytes: null }, async () => {})
}

/** The delivery of an open regular file. Closing the delivery closes the file. */
export function fileDelivery(
  context: CliContext,
  { name, file, sizeBytes }: { name: string; file: FileHandle; sizeBytes: number },
): Delivery {
  const limits = limitsOf(context.config, {})
  const stream = file.createReadStream({ highWaterMark: READ_BYTES })
  return stoppable(context, { name, stream, sizeBytes }, async () => {
    try {
      await verifyPackedFile(file, limits)
    } catch (error) {
      if (error instanceof UsageError) throwNaming(name, error)
      throw readFailure(name, error)
    }
  })
}

/** Rethrows the error with the name of its file. */
export function throwNaming(name: string, error: unknown): never {
  if (!(error instanceof UsageError)) throw error
  const { code, message, hint } = error
  throw new UsageError(code, `${name}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  })
}

async function openFile(name: string): Promise<FileHandle> {
  try {
    return await open(name)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new UsageError('not_found', `there is no file ${name}`, { cause })
    throw new UsageError('unreadable', `${name} cannot be opened (${code})`, { cause })
  }
}

function stoppable(
  { stop }: CliContext,
  source: { name: string; stream: Readable; sizeBytes: number | null },
  verify: () => Promise<void>,
): Delivery {
  const { name, stream, sizeBytes } = source
  const unlisten = stop.listen((signal) => {
    stream.destroy(new UsageError('unreadable', `stopped by ${signal}`))
  })
  const close = async () => {
    unlisten()
    stream.destroy()
  }
  return { name, bytes: readable(name, stream), sizeBytes, verify, close }
}

async function* readable(name: string, stream: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
  } catch (error) {
    throw readFailure(name, error)
  }
}

/** A failure to read a file, as a failure of the delivery. */
function readFailure(name: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof UsageError || code === undefined) return error
  return new UsageError('unreadable', `${name} cannot be read (${code})`, { cause: error })
}
