/** A thread that fuzzes one part of the server until its time is over, as `fuzz-http.long.ts` starts it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { basic, HttpFixture } from '../support/http-fixture.ts'
import { mutated, mutations } from '../support/mutations.ts'
import { type FuzzJob, type FuzzReport, InputClock } from './fuzz-thread.ts'
import { checkText, PARSER_TEXTS } from './parser-texts.ts'
import { bodies, headerLines, type InjectedRequest, queries, rawRequests } from './requests.ts'

export const HTTP_TARGETS = [
  'query strings',
  'headers',
  'bodies',
  'raw requests',
  'texts of parsers',
] as const
export type HttpTarget = (typeof HTTP_TARGETS)[number]

/** What no request may be answered: the first is our own mistake, the others mean that it hangs. */
const WRONG_STATUSES = [500, 502, 504]

/** What is no whole request is not answered; so long something is waited for. */
const ANSWER_WAIT_MS = 25

const SHOWN_MAX = 2_000

// Not while the module is evaluated: V8 takes it ill when a thread is ended within that.
if (parentPort !== null) {
  setImmediate(async () => parentPort!.postMessage(await fuzz(workerData as FuzzJob<HttpTarget>)))
}

async function fuzz({ target, seconds, seed, shared }: FuzzJob<HttpTarget>): Promise<FuzzReport> {
  // One caller sends all there is, much of it wrong.
  const free = { requestRate: 1_000_000, requestBurst: 1_000_000, failedLogIns: 100_000 }
  const fixture = await HttpFixture.open({ limits: free, trustProxy: true })
  const clock = new InputClock(shared)
  const fuzzer = new Fuzzer(fixture, clock, Number(new URL(await fixture.listen()).port))
  const { failed, errorInstance, counterexample, counterexamplePath } = await fc.check(
    fuzzer.property(target),
    { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1_000 },
  )
  await fixture.close()
  const { inputs, bytes, slowestMs, slowest } = clock
  const report = { inputs, bytes, outcomes: fuzzer.answers, slowestMs, slowest }
  if (!failed) return { ...report, failure: null }
  const input = JSON.stringify(counterexample).slice(0, SHOWN_MAX)
  const { message, stack } = errorInstance as Error
  const where = (stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '))
  const lines = [`${message.slice(0, SHOWN_MAX)}, path ${counterexamplePath}`, input, ...where]
  return { ...report, failure: lines.join('\n') }
}

class Fuzzer {
  readonly #fixture: HttpFixture
  readonly #clock: InputClock
  readonly #port: number
  answers = 0

  constructor(fixture: HttpFixture, clock: InputClock, port: number) {
    this.#fixture = fixture
    this.#clock = clock
    this.#port = port
  }

  property(target: HttpTarget): fc.IAsyncProperty<unknown> {
    const authorization = basic(this.#fixture.operator)
    if (target === 'query strings') {
      return fc.asyncProperty(queries(this.#fixture.owner.sid), (one) => this.#inject(one))
    }
    if (target === 'bodies') {
      return fc.asyncProperty(bodies(this.#fixture.owner.sid), (one) => this.#inject(one))
    }
    if (target === 'texts of parsers') {
      return fc.asyncProperty(PARSER_TEXTS, async (text) => {
        this.#clock.start(Buffer.from(text))
        await checkText(text)
        this.#clock.stop()
        this.answers++
      })
    }
    const whole = target === 'headers' ? headerLines(authorization) : rawRequests(authorization)
    const samples = fc.sample(whole, { numRuns: 200, seed: 1 }).map((text) => Buffer.from(text))
    const damaged = fc
      .tuple(whole, fc.option(mutations(samples), { freq: 2 }))
      .map(([text, damage]) => {
        const bytes = Buffer.from(text)
        return damage === null ? bytes : mutated(bytes, damage)
      })
    return fc.asyncProperty(damaged, (bytes) => this.#sendRaw(bytes))
  }

  async #inject({ method, url, headers, payload }: InjectedRequest): Promise<void> {
    const shown = `${method} ${url} ${JSON.stringify(headers)}\n${payload ?? ''}`
    this.#clock.start(Buffer.from(shown))
    const reply = await this.#fixture.server.inject({
      method,
      url,
      headers: { authorization: basic(this.#fixture.operator), ...headers },
      ...(payload !== undefined && { payload }),
    })
    this.#clock.stop()
    assertSound(reply.statusCode, reply.body)
    this.answers++
  }

  async #sendRaw(bytes: Uint8Array): Promise<void> {
    this.#clock.start(bytes)
    const socket = connect(this.#port, '127.0.0.1')
    socket.on('error', () => {})
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.write(bytes)
    const answered = once(socket, 'data').catch(() => {})
    const closed = once(socket, 'close').catch(() => {})
    await Promise.race([answered, closed, setTimeout(ANSWER_WAIT_MS)])
    socket.destroy()
    await closed
    this.#clock.stop()
    const text = Buffer.concat(chunks).toString()
    if (text === '') return
    this.answers++
    const [head = '', body] = text.split('\r\n\r\n', 2)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
    assert.ok(status >= 100, `no status line: ${head.slice(0, 80)}`)
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1])
    const isWhole = body !== undefined && Buffer.byteLength(body) === length
    if (status >= 200) assert.match(head, /^twilio-request-id: RQ[0-9a-f]{32}$/im)
    assertSound(status, isWhole ? body : null)
  }
}

/** `body` is null where not all of it has come. */
function assertSound(status: number, body: string | null): void {
  assert.ok(!WRONG_STATUSES.includes(status), `${status}: ${body}`)
  if (status < 400 || body === null || body === '') return
  const { code, message, more_info, status: told } = JSON.parse(body)
  assert.equal(told, status)
  assert.ok(Number.isInteger(code) && typeof message === 'string' && typeof more_info === 'string')
  assert.ok(message.length < 20_000, `a message of ${message.length} characters`)
}
