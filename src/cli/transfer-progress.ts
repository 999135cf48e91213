/** Shows how far a move is: a bar on a terminal, a line for each committed piece elsewhere. */
import type { ProofProgress, TransferProgress } from '../storage/open-store.ts'
import type { Output } from './context.ts'
import { type ProgressBar, startBar } from './progress-bar.ts'
import { countOf, formatCount, formatDuration } from './quantity-text.ts'

/** How often the comparison, of which thousands are made, writes a line. */
const COMPARED_A_LINE = 200

export interface TransferDisplay {
  /** A step that is about to be taken. */
  step(words: string): void
  /** Takes only what is committed: these lines are a promise. */
  moved(progress: TransferProgress): void
  compared(progress: ProofProgress): void
  /** Takes the bar off the terminal. */
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
      // What an earlier run has moved says nothing of the speed of this one.
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
