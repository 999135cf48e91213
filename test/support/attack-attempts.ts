/**
 * What B tries: any route with any of its credentials and any names, deliveries, and undoing its own
 * imports.
 */
import fc from 'fast-check'
import { formatInstant } from '../../src/domain/time.ts'
import { bodyIn } from './answers.ts'
import {
  A_SIMS,
  type AttackWorld,
  B_NAMES,
  B_SIDS,
  bodyOf,
  FEED_NAMES,
  FREE_IMSI,
  isGrantedToB,
  KNOWN_RECORDS,
  LABEL_OF_A,
  MOVED_SIMS,
  namesOf,
  type Request,
} from './attack-world.ts'
import { NOW } from './builders.ts'

const A_NAMES = [...A_SIMS, ...MOVED_SIMS].flatMap(namesOf)

/** Positions in lists, whose lengths depend on the world. */
const place = fc.nat({ max: 10_000 })
const credential = fc.nat({ max: 3 })

/** Parameters of any route, in the query or the form, with values of B's choice. */
const FIELDS = [
  ...['Sid', 'Iccid', 'Imsi', 'Msisdn', 'UniqueName', 'FriendlyName', 'Status', 'AccountSid'],
  ...['Feed', 'PageToken', 'PageSize', 'Page', 'Start', 'End', 'Granularity', 'Import'],
  ...['At', 'Reason', 'Line', 'Stream', 'From', 'To', 'By', 'Kind', 'Object', 'Since'],
  ...['MayRegisterNumbers', 'HomeCountries', 'HomePlmns', 'Name'],
  ...['Sim', 'Fleet', 'Network', 'Group', 'StartTime', 'EndTime', 'DataLimit'],
  ...['Label', 'GroupBy', 'Search', 'Silent', 'Order', 'Format'],
] as const

const fields = fc.array(fc.tuple(fc.constantFrom(...FIELDS), place), { maxLength: 4 })

/** Records that B sends before the operator, or after it with other content. */
const OF_B = KNOWN_RECORDS.filter(({ sim }) => B_NAMES.includes(sim) && sim !== 'pump-4')

/** Half of the time, a record keeps the known one's value. */
const HALF = { freq: 1 }

const record = fc.record({
  known: fc.oneof(fc.constantFrom(...KNOWN_RECORDS), fc.constantFrom(...OF_B)),
  sim: fc.option(fc.constantFrom(...A_NAMES, ...B_NAMES, ...B_NAMES, FREE_IMSI), HALF),
  at: fc.option(fc.constantFrom(NOW, NOW + 80_000, NOW + 40 * 86_400, NOW - 800 * 86_400), HALF),
  upload: fc.option(fc.constantFrom(0, 1, 2 ** 53 - 1), HALF),
})

const anyAttempt = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('ask' as const),
      as: credential,
      route: place,
      /** Null for the route's own method. */
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
      feed: fc.oneof(
        fc.constantFrom(...FEED_NAMES, 'hub'),
        fc.constantFrom(...FEED_NAMES.filter(isGrantedToB)),
      ),
      records: fc.array(record, { maxLength: 6 }),
      claims: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'Undo' as const,
        'Undo/DryRun' as const,
        'Quarantine/Recycle' as const,
        'Quarantine/Accept' as const,
        'Quarantine/Discard' as const,
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
      sim: fc.constantFrom(...B_SIDS),
      name: fc.constantFrom(...A_NAMES, 'pump-4', 'no-such-pump', 'else', FREE_IMSI, ''),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('register' as const),
      as: fc.constantFrom(0, 3),
      numbers: fc.array(fc.tuple(fc.constantFrom('Sid', 'Iccid', 'Imsi', 'Msisdn'), place), {
        minLength: 1,
        maxLength: 2,
      }),
      name: fc.constantFrom('pump-4', 'meter 12-b', 'no-such-pump', ''),
    }),
  },
)

export type Attempt = typeof anyAttempt extends fc.Arbitrary<infer T> ? T : never
export const attempts = fc.array(anyAttempt, { minLength: 40, maxLength: 70, size: 'max' })

/**
 * Attacks that once worked: sending what the operator has delivered or will deliver, with the same and
 * with other content; and a name shared by two accounts, which one of them gives up.
 */
export const KNOWN_ATTACKS: readonly Attempt[] = [
  ...FEED_NAMES.map((feed, i): Attempt => {
    const upload = i % 2 === 0 ? 1 : null
    const records = OF_B.map((known) => ({ known, sim: null, at: null, upload }))
    return { does: 'deliver', as: 0, feed, records, claims: true }
  }),
  ...B_SIDS.map((sim): Attempt => ({ does: 'name', as: 0, sim, name: 'else' })),
]

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

  /** What it learned that it must not know, as text; should be empty. */
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
    if (isDelivered) {
      this.#imports.push(bodyIn<'/v1/Feeds/{name}/Records', 'POST'>(text).import)
    }
    const isNoFeed = isDelivered && !isGrantedToB(attempt.feed)
    const told = isNoFeed || leaks.length > 0 || status >= 500 || /\bimport \d+/.test(text)
    return told ? `${request.method} ${request.url}: ${leaks} in ${status} ${answer}` : ''
  }

  /** Each route once with each of A's names that its path may have. */
  everyRoute(): Attempt[] {
    return this.#world.routes.flatMap((pattern, route) => {
      const parameter = /:\w+/.exec(pattern)?.[0]
      const names = parameter === undefined ? [''] : this.#meantBy(parameter)
      return names.map((_, i): Attempt => {
        const path = 3 * i + 1
        return { does: 'ask', as: 0, route, method: null, path, query: [], form: [] }
      })
    })
  }

  /** Undoes everything that it has delivered. */
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
      case 'register': {
        const named = attempt.numbers.map(([field, at]) => {
          const numbers = this.#numbers(['Sid', 'Iccid', 'Imsi', 'Msisdn'].indexOf(field))
          return [field, numbers[at % numbers.length]!]
        })
        const pairs = [...named, ['UniqueName', attempt.name]] as [string, string][]
        return { method: 'POST', url: '/v1/Sims', as, ...form(pairs) }
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
    const path = pattern.replace(/:\w+/, (parameter) => {
      // One in three names is not what the route expects.
      const names = attempt.path % 3 === 0 ? words : this.#meantBy(parameter)
      return encodeURIComponent(names[Math.floor(attempt.path / 3) % names.length]!)
    })
    const named = (pairs: readonly (readonly [string, number])[]) =>
      pairs.map(([name, at]) => [name, word(at)] as const)
    const query = new URLSearchParams(named(attempt.query).map(([name, text]) => [name, text]))
    const url = query.size === 0 ? path : `${path}?${query}`
    const used = attempt.method ?? method
    const body = used === 'GET' ? {} : form(named(attempt.form))
    return { method: used, url, ...body }
  }

  #meantBy(parameter: string): readonly string[] {
    if (parameter === ':id') return [...this.#world.aImports, ...this.#imports.slice(0, 3)]
    if (parameter === ':name') return FEED_NAMES
    if ([':FleetSidOrUniqueName', ':SidOrName'].includes(parameter)) return this.#world.aFleets
    return parameter === ':Sid' ? [this.#world.a.sid] : [...A_NAMES, ...B_SIDS]
  }

  /** A's names of one kind, or all; includes the free number unless B may have it. */
  #numbers(kind: number | null = null): readonly string[] {
    const names = kind === null ? A_NAMES : A_SIMS.map((sim) => namesOf(sim)[kind]!)
    return this.#world.mayRegister ? names : [...names, FREE_IMSI]
  }

  /** Everything that identifies something: A's, B's, the operator's, or nothing at all. */
  #words(): string[] {
    const { a, b, aImports, aFleets, aTokens } = this.#world
    return [
      ...this.#numbers(),
      ...B_NAMES,
      ...FEED_NAMES,
      ...aImports,
      ...aFleets,
      ...[LABEL_OF_A, 'customer=mine', 'sim,group', 'label:customer,feed', 'csv', 'pump', '30d'],
      ...this.#imports,
      ...aTokens,
      ...[a.sid, b.sid, '..', '.', '', '1', '2', '17', 'active', 'true', 'hourly', 'sim'],
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
