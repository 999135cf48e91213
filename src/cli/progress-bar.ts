/** A bar on a terminal, followed by words. */
import { SingleBar } from 'cli-progress'
import type { Output } from './context.ts'

/** Steps of the bar: finer than any terminal shows. */
const BAR_STEPS = 1000

const BAR_CHARACTERS = 30

export interface ProgressBar {
  /** `share` goes from 0 to 1; null if it cannot be known. */
  update(share: number | null, words: string): void
  /** Removes the bar from the terminal. */
  end(): void
}

export function startBar({ stream }: Output, words: string): ProgressBar {
  const bar = new SingleBar({
    stream: stream as NodeJS.WritableStream,
    format: '{drawn}{words}',
    // The command line handles signals itself: it stops the work, and with it the bar.
    gracefulExit: false,
    hideCursor: true,
    clearOnComplete: true,
  })
  bar.start(BAR_STEPS, 0, { drawn: '', words })
  return {
    update: (share, text) =>
      bar.update(Math.floor((share ?? 0) * BAR_STEPS), {
        drawn: share === null ? '' : `${drawnBar(share)} ${Math.floor(share * 100)} % · `,
        words: text,
      }),
    end: () => bar.stop(),
  }
}

function drawnBar(share: number): string {
  const done = Math.floor(share * BAR_CHARACTERS)
  return '█'.repeat(done) + '░'.repeat(BAR_CHARACTERS - done)
}
