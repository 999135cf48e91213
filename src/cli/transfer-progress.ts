/** Shows the progress of a move: a bar on a terminal, elsewhere one line per committed piece. */
import type { ProofProgress, TransferProgress } from '../storage/open-store.ts'
import type { Output } from './context.ts'
import { type ProgressBar, startBar } from './progress-bar.ts'
import { countOf, formatCount, formatDuration } from './quantity-text.ts'

/** One line per this many comparisons, of which there are thousands. */
const COMPARED_A_LINE = 200

export interface TransferDisplay {
  /** The step that starts now. */
  step(words: string): void
  /** Takes only committed progress, because these lines are a promise. */
  moved(progress: TransferProgress): void
  compared(progress: ProofProgress): void
  /** Removes the bar from the terminal. */
  end(): void
}

export function showTransferProgress(stderr: Output): TransferDisplay {
  return stderr.isTerminal ? bars(stderr) : lines(stderr)
}

function lines(stderr: Output): TransferDisplay {
  const say = (text: string) => void stderr.line(`simtally: ${text}`)
  return {
    step: say,
    moved: ({ table, rows, rowsTotal }) => say(`${rows} of ${rowsTotal} rows moved, in ${table}`),
    compared: ({ compared, total }) => {
      if (compared % COMPARED_A_LINE === 0 || compared === total) {
        say(`${compared} of ${total} accounts and SIMs compared`)
      }
    },
    end: () => {},
  }
}

function bars(stderr: Output): TransferDisplay {
  const startedAt = performance.now()
  let first: TransferProgress | null = null
  let bar: ProgressBar | null = null
  const show = (share: number | null, words: string) => {
    bar ??= startBar(stderr, words)
    bar.update(share, words)
  }
  return {
    step: (words) => show(null, words),
    moved: (progress) => {
      first ??= progress
      const { rows, rowsTotal } = progress
      // What an earlier run moved says nothing about this run's speed.
      const elapsedMs = performance.now() - startedAt
      const rate = Math.max(0, rows - first.rows) / elapsedMs
      show(rows / rowsTotal, movedWords(progress, rate))
    },
    compared: ({ compared, total }) =>
      show(compared / total, `${formatCount(compared)} accounts and SIMs compared`),
    end: () => bar?.end(),
  }
}

function movedWords({ table, rows, rowsTotal }: TransferProgress, rowsAMs: number): string {
  const words = [table, countOf(rows, 'row')]
  if (rowsAMs > 0) {
    words.push(`${formatCount(Math.round(rowsAMs * 1000))} a second`)
    words.push(`${formatDuration((rowsTotal - rows) / rowsAMs)} left`)
  }
  return words.join(' · ')
}
