/** Shows the progress of a backup or restore on a terminal. Elsewhere, nobody is waiting to see it. */
import type { CopyProgress } from '../storage/open-store.ts'
import type { CliContext } from './context.ts'
import { type ProgressBar, startBar } from './progress-bar.ts'

const WORDS = { copy: 'copying', check: 'checking the copy' } as const

export interface CopyWork {
  readonly onProgress: (progress: CopyProgress) => void
  readonly isStopped: () => boolean
}

/** Runs `work`. A signal stops it between two steps. */
export async function withCopyProgress<T>(
  { stderr, stop }: Pick<CliContext, 'stderr' | 'stop'>,
  work: (options: CopyWork) => Promise<T>,
): Promise<T> {
  const shown: { bar: ProgressBar | null } = { bar: null }
  const stopListening = stop.listen(() => {})
  try {
    return await work({
      onProgress: ({ step, share }) => {
        if (!stderr.isTerminal) return
        shown.bar ??= startBar(stderr, WORDS[step])
        shown.bar.update(share, WORDS[step])
      },
      isStopped: () => stop.signal !== null,
    })
  } finally {
    stopListening()
    shown.bar?.end()
  }
}
