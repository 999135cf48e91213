/**
 * A thread that asks for `/healthz` four times a second, over a connection of its own each time, and
 * beside that finds out how long the machine keeps a thread waiting that has next to nothing to do.
 */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

const { port } = workerData as { readonly port: number }
let slowestMs = 0
let asked = 0
let failed = 0
let machineMs = 0

const LOOK_EVERY_MS = 20
let lookedAt = performance.now()
setInterval(() => {
  const now = performance.now()
  machineMs = Math.max(machineMs, now - lookedAt - LOOK_EVERY_MS)
  lookedAt = now
}, LOOK_EVERY_MS)

parentPort!.on('message', () => {
  parentPort!.postMessage({ slowestMs, asked, failed, machineMs })
  slowestMs = 0
  asked = 0
  failed = 0
  machineMs = 0
})

for (;;) {
  const askedAt = performance.now()
  try {
    const agent = new Agent()
    const call = request({ port, host: '127.0.0.1', path: '/healthz', agent }).end()
    const [answer] = (await once(call, 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    if (answer.statusCode !== 200) failed++
  } catch {
    failed++
  }
  asked++
  slowestMs = Math.max(slowestMs, performance.now() - askedAt)
  await setTimeout(250)
}
