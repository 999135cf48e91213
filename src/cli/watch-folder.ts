/** Imports files that are dropped into folders until it is asked to stop, and reports each. */
import { setTimeout } from 'node:timers/promises'
import { formatInstant } from '../domain/time.ts'
import {
  type FileOutcome,
  type FolderWatch,
  type WatchEvent,
  watchFolders,
} from '../ingest/drop-folder/watch.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type CliContext, EXIT, type ExitCode, Output, StopRequest } from './context.ts'
import { fileDelivery } from './delivery.ts'
import { report } from './failure.ts'
import { failDelivery, importOpened } from './file-import.ts'

const EXIT_OF = {
  done: EXIT.done,
  quarantined: EXIT.quarantined,
  failed: EXIT.failed,
} as const satisfies Record<FileOutcome, ExitCode>

export interface FolderImport extends Pick<FolderWatch, 'places' | 'once'> {
  readonly store: UsageStore
  readonly batchSize: number | undefined
  readonly json: boolean
}

/** With `once`, returns the exit code of `simtally import` for the files that were there; otherwise 0. */
export async function watchFolder(given: CliContext, watch: FolderImport): Promise<ExitCode> {
  const { store, once, places, batchSize, json } = watch
  const stopping = new AbortController()
  const unlisten = given.stop.listen(() => stopping.abort())
  // A signal cuts no file short: the watch ends after the current one.
  const context = { ...withTimes(given, json), stop: new StopRequest() }
  const shared = { store, batchSize, json }
  try {
    const worst = await watchFolders({
      ...{ store, places, once, stopping: stopping.signal, clock: context.clock },
      monotonicMs: () => performance.now(),
      pause: (ms) => setTimeout(ms, undefined, { signal: stopping.signal }).catch(() => {}),
      importFile: async ({ name, feed, file, sizeBytes }) => {
        const delivery = fileDelivery(context, { name, file, sizeBytes })
        return outcomeOf(await importOpened(context, { ...shared, name, feed }, delivery))
      },
      refuseFile: async ({ name, feed }, failure) =>
        outcomeOf(await failDelivery(context, { ...shared, name, feed }, failure)),
      tell: (event) => tell(context, event, json),
    })
    return once ? EXIT_OF[worst] : EXIT.done
  } finally {
    unlisten()
  }
}

function outcomeOf(exitCode: ExitCode): FileOutcome {
  if (exitCode === EXIT.quarantined) return 'quarantined'
  return exitCode === EXIT.done ? 'done' : 'failed'
}

async function tell(context: CliContext, event: WatchEvent, json: boolean): Promise<void> {
  const { path } = event
  switch (event.kind) {
    case 'left alone':
      return await report(context, `${path} is ${event.what} and is left alone`)
    case 'moved':
      return await report(context, `${path}: moved to ${event.to}`)
    case 'changed': {
      const what = 'has changed meanwhile, or is gone'
      return await report(
        context,
        `${path}: ${what}; what is there is imported once it is complete`,
      )
    }
    case 'not moved': {
      const { failure, outcome, outbox } = event
      await report(context, failure.message, failure.hint)
      const what = outcome === 'failed' ? 'could not be imported' : 'is imported'
      return await report(context, `${path} ${what} and is moved to ${outbox}/ once it can be`)
    }
    case 'busy':
      await report(context, event.failure.message, event.failure.hint)
      return await report(context, `${path} stays where it is and is tried again`)
    case 'known': {
      const { id, source } = event.same
      const as = { import: id, source: path, status: 'known', same_as: source }
      return await context.stdout.line(
        json
          ? JSON.stringify(as)
          : `${path} has the content of ${source}, which import ${id} has counted`,
      )
    }
  }
}

/** A watch runs for months, so each line says when it was written, in JSON as `date_written`. */
function withTimes({ stdout, stderr, ...context }: CliContext, json: boolean): CliContext {
  const now = () => formatInstant(context.clock())
  const plain = (line: string) => `${now()} ${line}`
  const inJson = (line: string) => line.replace(/^\{/, `{"date_written":"${now()}",`)
  return {
    ...context,
    stderr: new TimedOutput(stderr.stream, plain),
    stdout: new TimedOutput(stdout.stream, json ? inJson : plain),
  }
}

class TimedOutput extends Output {
  readonly #timed: (line: string) => string

  constructor(stream: Output['stream'], timed: (line: string) => string) {
    super(stream)
    this.#timed = timed
  }

  override line(text: string | readonly string[]): Promise<void> {
    const lines = typeof text === 'string' ? [text] : text
    return super.line(lines.map(this.#timed))
  }
}
