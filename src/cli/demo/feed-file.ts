/** The demo's feed and SIM list as files: canonical CSV, streamed. */
import { type FileHandle, open } from 'node:fs/promises'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { CliContext } from '../context.ts'
import { type DemoFeedShape, deliveries } from './deliveries.ts'
import type { DemoSim } from './fleet.ts'

const RECORD_COLUMNS = 'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim'
const SIM_COLUMNS = 'sid,iccid,imsi,msisdn,unique_name,friendly_name'

/** One chunk of the file. The feed takes only a few chunks of memory. */
const CHUNK_CHARACTERS = 64 * 1024

export interface FeedChunk {
  readonly bytes: Uint8Array
  /** UTC seconds: this chunk and earlier ones contain everything delivered before this instant. */
  readonly deliveredUntil: number
}

export function* demoFeedChunks(shape: DemoFeedShape): Generator<FeedChunk> {
  const encoder = new TextEncoder()
  let text = `${RECORD_COLUMNS}\n`
  for (const { record, deliveredAt } of deliveries(shape)) {
    const at = formatInstant(record.occurredAt)
    text += `${record.recordId},${record.sim},${at},${record.plmn},`
    text += `${record.upload},${record.download},${record.toSim},${record.fromSim}\n`
    if (text.length >= CHUNK_CHARACTERS) {
      yield { bytes: encoder.encode(text), deliveredUntil: deliveredAt }
      text = ''
    }
  }
  yield { bytes: encoder.encode(text), deliveredUntil: shape.until }
}

/** The fleet in the form that `simtally sim import` reads. */
export function demoSimList(fleet: readonly DemoSim[]): string {
  const lines = fleet.map(({ registration: sim }) => {
    const cells = [sim.sid, sim.iccid, sim.imsis?.join(' '), sim.msisdn]
    return [...cells, sim.uniqueName, sim.friendlyName].join(',')
  })
  return `${SIM_COLUMNS}\n${lines.join('\n')}\n`
}

/** Writes the feed and, if a file is named for it, the SIM list. `-` is standard output. */
export async function writeDemoFiles(
  { stdout }: CliContext,
  shape: DemoFeedShape,
  names: { readonly feed: string; readonly simList: string | null },
): Promise<void> {
  if (names.simList !== null) {
    await written(names.simList, (file) => file.writeFile(demoSimList(shape.fleet)))
  }
  if (names.feed !== '-') {
    await written(names.feed, async (file) => {
      for (const { bytes } of demoFeedChunks(shape)) await file.writeFile(bytes)
    })
    return
  }
  for (const { bytes } of demoFeedChunks(shape)) {
    if (stdout.closed) return
    await stdout.write(bytes)
  }
}

async function written(name: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await using file = await open(name, 'w')
    await write(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UsageError('unavailable', `${name} cannot be written (${code})`, { cause })
  }
}
