/** Shows on a terminal how far a backup or restore is; elsewhere nobody waits for it. */
import type { CopyProgress } from '../storage/open-store.ts'
import type { CliContext } from './context.ts'
import { type ProgressBar, startBar } from './progress-bar.ts'

const WORDS = { copy: 'copying', check: 'checking the copy' } as const

export interface CopyWork {
  readonly onProgress: (progress: CopyProgress) => void
  readonly isStopped: () => boolean
}

/** Runs `work`, which a signal stops between two steps. */
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
