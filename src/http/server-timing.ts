/**
 * Puts `Server-Timing` on answers: how long each took, and how much of that it waited for the store. Only
 * callers with right credentials get it, because the time of a refusal could reveal what was found.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Actor } from '../domain/act.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { HttpServer } from './route-context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The time spent on the store so far; null if the request was refused before anything else. */
    storeTime: StoreTime | null
  }
}

/** Counts the time in which at least one question is open. Several at once count once. */
export class StoreTime {
  #open = 0
  #since = 0
  #milliseconds = 0

  begin(): void {
    if (this.#open++ === 0) this.#since = performance.now()
  }

  end(): void {
    if (--this.#open === 0) this.#milliseconds += performance.now() - this.#since
  }

  get milliseconds(): number {
    return this.#milliseconds
  }
}

/** Of the request whose work is running. */
const asking = new AsyncLocalStorage<StoreTime>()

export function addServerTiming(server: HttpServer): void {
  server.decorateRequest('storeTime', null)
  server.addHook('onRequest', (request, _reply, done) => {
    const storeTime = new StoreTime()
    request.storeTime = storeTime
    asking.run(storeTime, done)
  })
  // Reading the body in between changed the context.
  server.addHook('preHandler', (request, _reply, done) => asking.run(request.storeTime!, done))
  server.addHook('onSend', (request, reply, payload, done) => {
    const { caller, storeTime } = request
    // Malformed requests may come here without having passed the earlier hooks.
    if (caller && storeTime) {
      reply.header('Server-Timing', timingOf(storeTime, reply.elapsedTime))
    }
    done(null, payload)
  })
}

function timingOf(storeTime: StoreTime, totalMs: number): string {
  return `total;dur=${totalMs.toFixed(1)}, store;dur=${storeTime.milliseconds.toFixed(1)}`
}

/** The same store, with the time of each question counted for the request that asks it. */
export function timedStore(store: UsageStore): UsageStore {
  const timed = new WeakMap<Method, Method>()
  // A proxy must return an unchangeable property of its own target as it is, so the target is empty.
  return new Proxy({} as UsageStore, {
    get: (_, name: keyof UsageStore) => {
      if (name === 'actingAs') return (actor: Actor) => timedStore(store.actingAs(actor))
      const method: unknown = store[name]
      if (typeof method !== 'function') return method
      const found = timed.get(method as Method) ?? timedMethod(store, method as Method)
      timed.set(method as Method, found)
      return found
    },
  })
}

type Method = (...given: unknown[]) => unknown

function timedMethod(store: UsageStore, method: Method): Method {
  return (...given) => {
    const time = asking.getStore()
    if (time === undefined) return method.apply(store, given)
    time.begin()
    let answer: unknown
    try {
      answer = method.apply(store, given)
    } catch (error) {
      time.end()
      throw error
    }
    const end = () => time.end()
    if (answer instanceof Promise) answer.then(end, end)
    else end()
    return answer
  }
}
