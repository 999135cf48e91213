/** Shows how far an import is: a bar on a terminal, a line for each committed batch elsewhere. */
import { SingleBar } from 'cli-progress'
import { recordCount } from '../domain/import.ts'
import type { ImportProgress } from '../ingest/import-records.ts'
import type { Output } from './context.ts'
import { formatBytes, formatCount, formatDuration } from './quantity-text.ts'

export interface ProgressDisplay {
  /** Takes only what is committed: these lines are a promise. */
  update(progress: ImportProgress): void
  /** Takes the bar off the terminal. */
  end(): void
}

/** How far the import is, from 0 to 1; null where that cannot be known. */
export type ShareDone = (progress: ImportProgress) => number | null

export function showImportProgress(stderr: Output, shareDone: ShareDone): ProgressDisplay {
  return stderr.isTerminal ? progressBar(stderr, shareDone) : progressLines(stderr)
}

function progressLines(stderr: Output): ProgressDisplay {
  return {
    update: ({ importId, counts }) => {
      void stderr.line(`simtally: import ${importId}: ${recordCount(counts)} records committed`)
    },
    end: () => {},
  }
}

/** Parts of the bar: finer than any terminal shows. */
const BAR_STEPS = 1000

function progressBar(stderr: Output, shareDone: ShareDone): ProgressDisplay {
  const bar = new SingleBar({
    stream: stderr.stream as NodeJS.WritableStream,
    format: '{drawn}{words}',
    // The signals are the command line's own: it stops the import, and the bar with it.
    gracefulExit: false,
    hideCursor: true,
    clearOnComplete: true,
  })
  const startedAt = performance.now()
  bar.start(BAR_STEPS, 0, { drawn: '', words: 'reading' })
  return {
    update: (progress) => {
      const elapsedMs = performance.now() - startedAt
      const share = shareDone(progress)
      bar.update(Math.floor((share ?? 0) * BAR_STEPS), {
        drawn: share === null ? '' : `${drawnBar(share)} ${Math.floor(share * 100)} % · `,
        words: progressWords(progress, share, elapsedMs),
      })
    },
    end: () => bar.stop(),
  }
}

const BAR_CHARACTERS = 30

function drawnBar(share: number): string {
  const done = Math.floor(share * BAR_CHARACTERS)
  return '█'.repeat(done) + '░'.repeat(BAR_CHARACTERS - done)
}

function progressWords(progress: ImportProgress, share: number | null, elapsedMs: number): string {
  const records = recordCount(progress.counts)
  const words = [
    formatBytes(progress.bytesRead),
    `${formatCount(records)} records`,
    `${formatCount(Math.round((records / elapsedMs) * 1000))} a second`,
  ]
  if (share !== null && share > 0) {
    words.push(`${formatDuration((elapsedMs / share) * (1 - share))} left`)
  }
  return words.join(' · ')
}
