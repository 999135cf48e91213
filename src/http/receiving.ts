/**
 * Watches request bodies as they arrive, for those that come too slowly and those that continue after their
 * request was answered. Only the time spent waiting for the sender counts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LimitName, Limits } from '../domain/limits.ts'

export type BodyLimits = Pick<Limits, 'bodyIdleSeconds' | 'bodyBytesPerSecond' | 'lingerSeconds'>

/** Before this, a rate means nothing: a sender may need time to start. */
const RATE_COUNTS_FROM_MS = 30_000

const LOOK_EVERY_MS = 1_000

export interface BodyFault {
  readonly limit: LimitName
  readonly message: string
}

interface Receiving {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** What the socket had read when last checked. */
  bytesSeen: number
  bytes: number
  waitedMs: number
  idleMs: number
  answeredMs: number
}

export interface BodyWatchOptions {
  readonly limits: BodyLimits
  /** By a clock that only goes forward. */
  readonly nowMs: () => number
  /** Called for a body that has not ended in time, while its request is unanswered. */
  readonly onFault: (fault: BodyFault, request: IncomingMessage, response: ServerResponse) => void
}

export class BodyWatch {
  readonly #options: BodyWatchOptions
  readonly #receiving = new Set<Receiving>()
  #timer: NodeJS.Timeout | null = null
  #lookedAt = 0

  constructor(options: BodyWatchOptions) {
    this.#options = options
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    const { headers, socket } = request
    const hasBody =
      headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
    if (!hasBody) return
    this.#receiving.add({
      request,
      response,
      bytesSeen: socket.bytesRead,
      bytes: 0,
      waitedMs: 0,
      idleMs: 0,
      answeredMs: 0,
    })
    if (this.#timer !== null) return
    this.#lookedAt = this.#options.nowMs()
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  #look(): void {
    const now = this.#options.nowMs()
    const elapsedMs = now - this.#lookedAt
    this.#lookedAt = now
    for (const body of this.#receiving) {
      const { request, response } = body
      if (request.complete || request.socket.destroyed) this.#receiving.delete(body)
      else if (response.writableFinished) this.#linger(body, elapsedMs)
      else if (isWaitedFor(request)) {
        const fault = this.#faultOf(body, elapsedMs)
        if (fault === null) continue
        this.#receiving.delete(body)
        this.#options.onFault(fault, request, response)
      } else body.bytesSeen = request.socket.bytesRead
    }
    if (this.#receiving.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #linger(body: Receiving, elapsedMs: number): void {
    body.answeredMs += elapsedMs
    if (body.answeredMs < this.#options.limits.lingerSeconds * 1_000) return
    this.#receiving.delete(body)
    body.request.socket.destroy()
  }

  #faultOf(body: Receiving, elapsedMs: number): BodyFault | null {
    const { bodyIdleSeconds, bodyBytesPerSecond } = this.#options.limits
    const { bytesRead } = body.request.socket
    const came = bytesRead - body.bytesSeen
    body.bytesSeen = bytesRead
    body.bytes += came
    body.waitedMs += elapsedMs
    body.idleMs = came > 0 ? 0 : body.idleMs + elapsedMs
    if (body.idleMs >= bodyIdleSeconds * 1_000) {
      const message = `Nothing came of the body for ${bodyIdleSeconds} seconds`
      return { limit: 'bodyIdleSeconds', message }
    }
    const least = (body.waitedMs / 1_000) * bodyBytesPerSecond
    if (body.waitedMs < RATE_COUNTS_FROM_MS || body.bytes >= least) return null
    const message = `The body comes more slowly than ${bodyBytesPerSecond} bytes a second`
    return { limit: 'bodyBytesPerSecond', message }
  }
}

/** False while received bytes are unread: then the sender waits for us, not we for the sender. */
function isWaitedFor(request: IncomingMessage): boolean {
  return request.readableLength < request.readableHighWaterMark
}
