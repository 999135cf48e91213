/** A worker: one of the processes that answer requests, each with its own store and server. */
import { LogIns } from '../http/log-ins.ts'
import { RequestMetrics, type RequestSnapshot } from '../http/metrics.ts'
import { openStore } from '../storage/open-store.ts'
import { Output } from './context.ts'
import { type Service, startHttpService } from './http-service.ts'
import { LogLines, logTarget, openLog, parseLogLevel, reopenLog } from './log.ts'
import { type FromWorker, failureOf, type ToWorker, type WorkerOptions } from './worker-messages.ts'

// A signal to the whole group comes here too, but the serving process says what to do. If that process is
// gone, Node ends its workers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const requests = new RequestMetrics()
/** Pending questions about the other workers' measurements. */
const asked = new Map<number, (snapshots: readonly RequestSnapshot[]) => void>()
let questions = 0
let logIns: LogIns | null = null
let serving: Promise<WorkerService> | null = null

process.on('message', async (message: ToWorker) => {
  if (message.kind === 'serve') {
    serving = start(message.options)
    try {
      await serving
      tell({ kind: 'listening' })
    } catch (error) {
      tell({ kind: 'failed', failure: failureOf(error) })
    }
  } else if (message.kind === 'measure') {
    tell({
      kind: 'measured',
      question: message.question,
      snapshot: await requests.snapshot(),
    })
  } else if (message.kind === 'others') {
    asked.get(message.question)?.(message.snapshots)
    asked.delete(message.question)
  } else if (message.kind === 'failed log-in') {
    logIns?.count(message.address)
  } else if (message.kind === 'hang up') {
    await serving?.then((service) => service.hangUp()).catch(() => {})
  } else {
    const cutOff = await serving?.then((service) => service.close()).catch(() => 0)
    if (process.connected) {
      process.send!({ kind: 'stopped', cutOff: cutOff ?? 0 } satisfies FromWorker, () =>
        process.disconnect!(),
      )
    }
  }
})

type WorkerService = Pick<Service, 'close' | 'hangUp'>

async function start(options: WorkerOptions): Promise<WorkerService> {
  const { databaseUrl, http, logLevel, logFile } = options
  const target = logTarget(logFile, new Output(process.stderr))
  const lines = new LogLines(target)
  const log = await openLog(parseLogLevel(logLevel) ?? 'info', lines)
  const store = await openStore(databaseUrl)
  logIns = new LogIns({
    limits: http.limits,
    nowMs: () => performance.now(),
    tellOthers: (address) => tell({ kind: 'failed log-in', address }),
  })
  try {
    const service = await startHttpService(http, {
      logIns,
      store,
      clock: () => Math.floor(Date.now() / 1000),
      log,
      onDelivery: () => tell({ kind: 'delivery' }),
      measurements: { requests, ofOthers },
    })
    return {
      hangUp: () => {
        lines.flush()
        reopenLog(target, log)
        service.hangUp()
      },
      close: async () => {
        const cutOff = await service.close()
        await store.close()
        lines.close()
        return cutOff
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The serving process always answers; if it is gone, so is this worker. */
function ofOthers(own: RequestSnapshot): Promise<readonly RequestSnapshot[]> {
  return new Promise((resolve) => {
    const question = ++questions
    asked.set(question, resolve)
    tell({ kind: 'ask others', question, own })
  })
}

function tell(message: FromWorker): void {
  if (process.connected) process.send!(message)
}
