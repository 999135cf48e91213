/** Imports the demo's feed like any carrier's, straight from the generator. */
import { DAY_SECONDS } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { type ImportSummary, importRecords } from '../../ingest/import-records.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CliContext } from '../context.ts'
import { showImportProgress } from '../import-progress.ts'
import type { DemoFeedShape } from './deliveries.ts'
import { demoFeedChunks } from './feed-file.ts'
import type { Demo } from './setup.ts'

/** How far in time the feed's first `bytes` reach, as a share of the whole. */
interface Mark {
  readonly bytes: number
  readonly share: number
}

export async function importDemoFeed(
  { stderr, stop, clock }: CliContext,
  options: { readonly store: UsageStore; readonly shape: DemoFeedShape; readonly demo: Demo },
): Promise<{ summary: ImportSummary; elapsedMs: number }> {
  const { store, shape, demo } = options
  const startedAt = performance.now()
  const marks: Mark[] = []
  const progress = showImportProgress(
    stderr,
    ({ bytesRead }) => marks.findLast(({ bytes }) => bytes <= bytesRead)?.share ?? 0,
  )
  // With a listener, the process lets this import end by itself.
  const unlisten = stop.listen(() => {})
  try {
    const summary = await importRecords({
      store,
      feed: demo.feed,
      account: null,
      source: { name: 'demo', bytes: feedBytes(shape, marks, () => stop.signal) },
      clock,
      onProgress: progress.update,
    })
    return { summary, elapsedMs: performance.now() - startedAt }
  } finally {
    progress.end()
    unlisten()
  }
}

async function* feedBytes(
  shape: DemoFeedShape,
  marks: Mark[],
  stopSignal: () => string | null,
): AsyncGenerator<Uint8Array> {
  const from = shape.until - shape.days * DAY_SECONDS
  let bytesDone = 0
  for (const { bytes, deliveredUntil } of demoFeedChunks(shape)) {
    if (stopSignal() !== null) throw new UsageError('unreadable', `stopped by ${stopSignal()}`)
    bytesDone += bytes.length
    marks.push({ bytes: bytesDone, share: (deliveredUntil - from) / (shape.until - from) })
    yield bytes
  }
}
