/** A worker: one of the processes that answer requests, with a store and a server of its own. */
import { openStore } from '../storage/open-store.ts'
import { Output } from './context.ts'
import { type Service, startHttpService } from './http-service.ts'
import { LogLines, openLog, parseLogLevel } from './log.ts'
import { type FromWorker, failureOf, type ToWorker, type WorkerOptions } from './worker-messages.ts'

// Sent to the whole group, they come here too; the serving process says what to do. Should that
// process be gone, Node ends its workers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})

const lines = new LogLines(new Output(process.stderr))
let serving: Promise<Service> | null = null

process.on('message', async (message: ToWorker) => {
  if (message.kind === 'serve') {
    serving = start(message.options)
    try {
      await serving
      tell({ kind: 'listening' })
    } catch (error) {
      tell({ kind: 'failed', failure: failureOf(error) })
    }
  } else {
    await serving?.then((service) => service.close()).catch(() => {})
    lines.close()
    process.disconnect!()
  }
})

async function start({ databaseUrl, http, logLevel }: WorkerOptions): Promise<Service> {
  const log = await openLog(parseLogLevel(logLevel) ?? 'info', lines)
  const store = await openStore(databaseUrl)
  try {
    const service = await startHttpService(http, {
      store,
      clock: () => Math.floor(Date.now() / 1000),
      log,
      onDelivery: () => tell({ kind: 'delivery' }),
    })
    return {
      port: service.port,
      close: async () => {
        await service.close()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

function tell(message: FromWorker): void {
  if (process.connected) process.send!(message)
}
