/**
 * Counts wrong credentials by the address they come from. An address with too many is held back before
 * anything is checked, except for credentials that were right from there within the last hour: many callers
 * may share one address, and one who guesses must not lock the others out.
 */
import type { FastifyRequest } from 'fastify'
import { isSid } from '../domain/identifiers.ts'
import type { Limits } from '../domain/limits.ts'
import { addressKey } from './client-address.ts'
import { userOf } from './credentials.ts'
import { HttpError } from './error-reply.ts'
import { TokenBuckets } from './token-buckets.ts'

/** For how long right credentials are remembered. */
const RIGHT_FOR_MS = 3_600_000

/** At most this many are remembered. */
const RIGHT_MAX = 10_000

export interface LogInsOptions {
  readonly limits: Pick<Limits, 'failedLogIns'>
  /** By a clock that only goes forward. */
  readonly nowMs: () => number
  /** Tells the other processes on the same port of a failure. */
  readonly tellOthers?: (addressKey: string) => void
}

export class LogIns {
  readonly #options: LogInsOptions
  readonly #failures: TokenBuckets
  /** When each address and SID last sent the right credentials. */
  readonly #right = new Map<string, number>()

  constructor(options: LogInsOptions) {
    this.#options = options
    const { failedLogIns } = options.limits
    const size = { perSecond: failedLogIns / 60, burst: failedLogIns }
    this.#failures = new TokenBuckets(size, options.nowMs)
  }

  /** Throws `too_many_requests` while the address is held back. Call it before checking credentials. */
  require({ ip }: FastifyRequest, authorization: string | undefined): void {
    const address = addressKey(ip)
    const seconds = this.#failures.waitSeconds(address)
    if (seconds === 0 || this.#wasRight(address, userOf(authorization))) return
    const { failedLogIns } = this.#options.limits
    throw new HttpError(
      'too_many_requests',
      `More than ${failedLogIns} wrong credentials a minute came from this address`,
      { limit: 'failedLogIns', headers: { 'Retry-After': String(seconds) } },
    )
  }

  succeeded({ ip }: FastifyRequest, credentialSid: string): void {
    const key = `${addressKey(ip)} ${credentialSid}`
    this.#right.delete(key)
    this.#right.set(key, this.#options.nowMs())
    if (this.#right.size <= RIGHT_MAX) return
    const [oldest] = this.#right.keys()
    if (oldest !== undefined) this.#right.delete(oldest)
  }

  /** Logs the failure with the SID that was tried, and with nothing else that the caller sent. */
  failed({ ip, log }: FastifyRequest, authorization: string | undefined): void {
    // A caller without credentials has guessed nothing.
    if (authorization === undefined) return
    const address = addressKey(ip)
    const user = userOf(authorization)
    const sid = user !== null && (isSid(user, 'AC') || isSid(user, 'SK')) ? user : null
    log.warn({ address: ip, credential: sid }, 'wrong credentials')
    this.#right.delete(`${address} ${user}`)
    this.count(address)
    this.#options.tellOthers?.(address)
  }

  /** Counts a failure that another process saw. */
  count(address: string): void {
    this.#failures.take(address)
  }

  #wasRight(address: string, user: string | null): boolean {
    const at = this.#right.get(`${address} ${user}`)
    return at !== undefined && this.#options.nowMs() - at < RIGHT_FOR_MS
  }
}
