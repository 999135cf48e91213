/** A bar on a terminal, with words behind it. */
import { SingleBar } from 'cli-progress'
import type { Output } from './context.ts'

/** Parts of the bar: finer than any terminal shows. */
const BAR_STEPS = 1000

const BAR_CHARACTERS = 30

export interface ProgressBar {
  /** `share` goes from 0 to 1; null where it cannot be known. */
  update(share: number | null, words: string): void
  /** Takes the bar off the terminal. */
  end(): void
}

export function startBar({ stream }: Output, words: string): ProgressBar {
  const bar = new SingleBar({
    stream: stream as NodeJS.WritableStream,
    format: '{drawn}{words}',
    // The signals are the command line's own: it stops the work, and the bar with it.
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
