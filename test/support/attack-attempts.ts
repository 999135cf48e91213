/** What B tries: any route with any of its credentials and any names, deliveries, and its own imports. */
import fc from 'fast-check'
import { formatInstant } from '../../src/domain/time.ts'
import {
  A_SIMS,
  type AttackWorld,
  B_NAMES,
  bodyOf,
  FEED_NAMES,
  FREE_IMSI,
  isGrantedToB,
  KNOWN_RECORDS,
  namesOf,
  type Request,
} from './attack-world.ts'
import { NOW } from './builders.ts'

const A_NAMES = A_SIMS.flatMap(namesOf)

/** Positions in lists whose lengths a world says. */
const place = fc.nat({ max: 10_000 })
const credential = fc.nat({ max: 3 })

/** Parameters of any route, in the query or the form; values are B's to choose. */
const FIELDS = [
  ...['Sid', 'Iccid', 'Imsi', 'Msisdn', 'UniqueName', 'FriendlyName', 'Status', 'AccountSid'],
  ...['Feed', 'PageToken', 'PageSize', 'Page', 'Start', 'End', 'Granularity', 'Import'],
  ...['At', 'Reason', 'Line', 'Stream', 'From', 'To', 'By', 'Kind', 'Object', 'Since'],
  ...['MayRegisterNumbers', 'HomeCountries', 'HomePlmns', 'Name'],
] as const

const fields = fc.array(fc.tuple(fc.constantFrom(...FIELDS), place), { maxLength: 4 })

const record = fc.record({
  known: fc.constantFrom(...KNOWN_RECORDS),
  sim: fc.option(fc.constantFrom(...A_NAMES, ...B_NAMES, ...B_NAMES, FREE_IMSI)),
  at: fc.option(fc.constantFrom(NOW, NOW + 80_000, NOW + 40 * 86_400, NOW - 800 * 86_400)),
  upload: fc.option(fc.constantFrom(0, 1, 2 ** 53 - 1)),
})

const anyAttempt = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('ask' as const),
      as: credential,
      route: place,
      /** Null for the method of the route. */
      method: fc.option(fc.constantFrom('PUT', 'PATCH', 'DELETE', 'POST', 'GET'), { freq: 9 }),
      path: place,
      query: fields,
      form: fields,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('deliver' as const),
      as: credential,
      feed: fc.constantFrom(...FEED_NAMES, 'hub'),
      records: fc.array(record, { maxLength: 6 }),
      claims: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'Undo' as const,
        'Quarantine/Recycle' as const,
        'Quarantine/Accept' as const,
      ),
      as: fc.constantFrom(0, 3),
      nth: place,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('name' as const),
      as: fc.constantFrom(0, 3),
      sim: fc.constantFrom(...B_NAMES),
      name: fc.constantFrom(...A_NAMES, 'no-such-pump', FREE_IMSI, ''),
    }),
  },
)

export type Attempt = typeof anyAttempt extends fc.Arbitrary<infer T> ? T : never
export const attempts = fc.array(anyAttempt, { minLength: 12, maxLength: 24, size: 'max' })

/** B, with what it has done so far. */
export class Attacker {
  readonly #world: AttackWorld
  readonly #imports: string[] = []
  /** What it has sent, and may therefore be shown. */
  #sent = ''
  readonly #secrets: readonly string[]

  constructor(world: AttackWorld) {
    this.#world = world
    this.#secrets = world.secrets
  }

  /** What it was told that it must not know, as text; empty as it should be. */
  async try(attempt: Attempt): Promise<string> {
    const request = this.#requestOf(attempt)
    if (request === null) return ''
    const own = `${decoded(request.url)} ${decoded(request.payload ?? '')} ${request.payload ?? ''}`
    const { status, headers, text } = await this.#world.ask(request)
    const answer = `${JSON.stringify(headers)} ${text}`
    const leaks = this.#secrets.filter(
      (word) => answer.includes(word) && !own.includes(word) && !this.#sent.includes(word),
    )
    if (request.method !== 'GET') this.#sent += own
    const isDelivered = status === 200 && attempt.does === 'deliver'
    if (isDelivered) this.#imports.push(JSON.parse(text).import)
    const isNoFeed = isDelivered && !isGrantedToB(attempt.feed)
    const told = isNoFeed || leaks.length > 0 || status >= 500 || /\bimport \d+/.test(text)
    return told ? `${request.method} ${request.url}: ${leaks} in ${status} ${answer}` : ''
  }

  /** Takes all that it has delivered back. */
  async undoAll(): Promise<void> {
    for (const sid of this.#imports) {
      const url = `/v1/Imports/${sid}/Undo`
      await this.#world.ask({ method: 'POST', url, as: this.#world.b })
    }
  }

  #requestOf(attempt: Attempt): Request | null {
    const as = this.#world.bCredentials[attempt.as]!
    switch (attempt.does) {
      case 'ask':
        return { ...this.#anyRoute(attempt), as }
      case 'deliver': {
        const url = `/v1/Feeds/${attempt.feed}/Records`
        const records = attempt.records.map(({ known, sim, at, upload }) => ({
          ...known,
          ...(sim !== null && { sim }),
          ...(at !== null && { occurred_at: formatInstant(at) }),
          ...(upload !== null && { upload }),
        }))
        const headers: Record<string, string> = !attempt.claims
          ? {}
          : {
              'usage-complete-through': '2030-01-01T00:00:00Z',
              'usage-complete-from': '2020-01-01T00:00:00Z',
            }
        return { method: 'POST', url, as, payload: bodyOf(records), headers }
      }
      case 'name': {
        const url = `/v1/Sims/${encodeURIComponent(attempt.sim)}`
        return { method: 'POST', url, as, ...form([['UniqueName', attempt.name]]) }
      }
      default: {
        const imports = this.#imports
        if (imports.length === 0) return null
        const url = `/v1/Imports/${imports[attempt.nth % imports.length]}/${attempt.does}`
        const line = String(1 + (attempt.nth % 6))
        const decision = [
          ['Line', line],
          ['By', 'B'],
          ['Reason', 'mine'],
        ] as const
        return { method: 'POST', url, as, ...form(decision) }
      }
    }
  }

  #anyRoute(attempt: Extract<Attempt, { does: 'ask' }>): Omit<Request, 'as'> {
    const { routes } = this.#world
    const [method, pattern] = routes[attempt.route % routes.length]!.split(' ') as [string, string]
    const words = this.#words()
    const word = (at: number) => words[at % words.length]!
    const path = pattern.replace(/:\w+/, () => encodeURIComponent(word(attempt.path)))
    const named = (pairs: readonly (readonly [string, number])[]) =>
      pairs.map(([name, at]) => [name, word(at)] as const)
    const query = new URLSearchParams(named(attempt.query).map(([name, text]) => [name, text]))
    const url = query.size === 0 ? path : `${path}?${query}`
    const used = attempt.method ?? method
    const body = used === 'GET' ? {} : form(named(attempt.form))
    return { method: used, url, ...body }
  }

  /** Whatever stands for something: A's, B's, the operator's, and nothing at all. */
  #words(): string[] {
    const { a, b, aImports, aTokens } = this.#world
    return [
      ...A_NAMES,
      ...B_NAMES,
      ...FEED_NAMES,
      ...aImports,
      ...this.#imports,
      ...aTokens,
      ...[a.sid, b.sid, FREE_IMSI, '..', '.', '', '1', '2', '17', 'active', 'true', 'hourly'],
      ...['2026-03-14', '2030-01-01T00:00:00Z', 'no-such-pump', 'end', 'US', '310-260'],
    ]
  }
}

function form(pairs: readonly (readonly [string, string])[]) {
  const payload = new URLSearchParams(pairs.map(([name, text]) => [name, text])).toString()
  return { payload, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
