/** Shows the progress of an import: a bar on a terminal, elsewhere one line per committed batch. */
import { recordCount } from '../domain/import.ts'
import type { ImportProgress } from '../ingest/import-records.ts'
import type { Output } from './context.ts'
import { startBar } from './progress-bar.ts'
import { countOf, formatBytes, formatCount, formatDuration } from './quantity-text.ts'

export interface ProgressDisplay {
  /** Takes only committed progress, because these lines are a promise. */
  update(progress: ImportProgress): void
  /** Removes the bar from the terminal. */
  end(): void
}

/** The share that is done, from 0 to 1; null if it cannot be known. */
export type ShareDone = (progress: ImportProgress) => number | null

export function showImportProgress(stderr: Output, shareDone: ShareDone): ProgressDisplay {
  return stderr.isTerminal ? progressBar(stderr, shareDone) : progressLines(stderr)
}

function progressLines(stderr: Output): ProgressDisplay {
  return {
    update: ({ importId, counts }) => {
      const committed = recordCount(counts)
      const records = committed === 1 ? 'record' : 'records'
      void stderr.line(`simtally: import ${importId}: ${committed} ${records} committed`)
    },
    end: () => {},
  }
}

function progressBar(stderr: Output, shareDone: ShareDone): ProgressDisplay {
  const startedAt = performance.now()
  const bar = startBar(stderr, 'reading')
  return {
    update: (progress) => {
      const share = shareDone(progress)
      bar.update(share, progressWords(progress, share, performance.now() - startedAt))
    },
    end: () => bar.end(),
  }
}

function progressWords(progress: ImportProgress, share: number | null, elapsedMs: number): string {
  const records = recordCount(progress.counts)
  const words = [
    formatBytes(progress.bytesRead),
    countOf(records, 'record'),
    `${formatCount(Math.round((records / elapsedMs) * 1000))} a second`,
  ]
  if (share !== null && share > 0) {
    words.push(`${formatDuration((elapsedMs / share) * (1 - share))} left`)
  }
  return words.join(' · ')
}
