/** Load on a server as callers make it: at a rate, whatever becomes of what was asked before. */
import { Agent, request } from 'node:http'

export interface Answered {
  /** 0 where the connection failed. */
  readonly status: number
  readonly ms: number
  readonly text: string
}

export interface Ask {
  readonly path: string
  readonly authorization: string
  /** Posted where it is given. */
  readonly body?: string
}

/** More than this are never under way: callers have no more connections either. */
const UNDER_WAY_MAX = 400

const TICK_MS = 10

export class Caller {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: UNDER_WAY_MAX })

  constructor(port: number) {
    this.#port = port
  }

  close(): void {
    this.#agent.destroy()
  }

  ask({ path, authorization, body }: Ask): Promise<Answered> {
    const sentAt = performance.now()
    return new Promise((resolve) => {
      const done = (status: number, text: string) =>
        resolve({ status, text, ms: performance.now() - sentAt })
      const call = request({
        port: this.#port,
        host: '127.0.0.1',
        path,
        agent: this.#agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization, ...(body !== undefined && { 'content-type': 'text/csv' }) },
      })
      call.on('error', (error: Error) => done(0, error.message))
      call.on('response', (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('end', () => done(answer.statusCode!, text))
        answer.on('error', (error: Error) => done(0, error.message))
      })
      call.end(body)
    })
  }

  /** As many at a time, each asking again as soon as it is answered. */
  async together(callers: number, seconds: number, next: () => Ask): Promise<Answered[]> {
    const answers: Answered[] = []
    const until = performance.now() + seconds * 1_000
    const one = async () => {
      while (performance.now() < until) answers.push(await this.ask(next()))
    }
    await Promise.all(Array.from({ length: callers }, one))
    return answers
  }

  /** So many a second, evenly. */
  async atRate(perSecond: number, seconds: number, next: () => Ask): Promise<Answered[]> {
    const answers: Promise<Answered>[] = []
    const beganAt = performance.now()
    let sent = 0
    let underWay = 0
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const elapsed = (performance.now() - beganAt) / 1_000
        for (; sent < Math.min(elapsed, seconds) * perSecond; sent++) {
          if (underWay >= UNDER_WAY_MAX) continue
          underWay++
          const answer = this.ask(next())
          answers.push(answer)
          void answer.then(() => underWay--)
        }
        if (elapsed < seconds) return
        clearInterval(timer)
        resolve()
      }, TICK_MS)
    })
    return Promise.all(answers)
  }
}

export function quantile(answers: readonly Answered[], part: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

/** How often each status came. */
export function statuses(answers: readonly Answered[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
