/** A server on a store of its own, with one account, one feed and a clock that tests move. */
import type { AddressInfo } from 'node:net'
import type { Static } from 'typebox'
import { createClient, type SimtallyClient } from '../../src/client/client.ts'
import type {
  Account,
  ApiKey,
  Feed,
  KeyScope,
  NewAccount,
  Sim,
  SimRegistration,
} from '../../src/domain/directory.ts'
import { hashSecret, newSecret, newSid } from '../../src/domain/secret.ts'
import { formatInstant } from '../../src/domain/time.ts'
import type { ErrorBody } from '../../src/http/error-reply.ts'
import type { HttpServer } from '../../src/http/route-context.ts'
import type { acceptedGapSchema, gapsSchema } from '../../src/http/schemas/feed-status.ts'
import type { groupsSchema, membershipSchema } from '../../src/http/schemas/group.ts'
import type {
  deliverySchema,
  feedsSchema,
  importsSchema,
  quarantineSchema,
} from '../../src/http/schemas/import.ts'
import type { simSchema, simsSchema } from '../../src/http/schemas/sim.ts'
import type { usageEventsSchema } from '../../src/http/schemas/usage-event.ts'
import type { usageMembersSchema } from '../../src/http/schemas/usage-member.ts'
import type { simUsageRecords } from '../../src/http/schemas/usage-record.ts'
import type { usedNetworksSchema } from '../../src/http/schemas/used-network.ts'
import { buildServer, type ServerOptions } from '../../src/http/server.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { aFeed, anAccount, aSim, NOW } from './builders.ts'
import { openTempStore, type TempStore } from './temp-store.ts'

/** An account or a key, with the secret that the store keeps only as a hash. */
export interface TestCredential {
  readonly sid: string
  readonly secret: string
}

export interface TestAccount extends TestCredential {
  readonly account: Account
}

export interface RequestOptions {
  /** Null sends none; the fixture's account by default. */
  readonly as?: TestCredential | null
  readonly headers?: Readonly<Record<string, string>>
}

/** Parsed JSON: its numbers are JavaScript's, whatever the schema makes of them. */
type Parsed<T> = T extends bigint
  ? number
  : T extends object
    ? { readonly [Key in keyof T]: Parsed<T[Key]> }
    : T

/** Everything an answer may hold: a test reads what it asserts, and a missing part fails there. */
export type AnswerBody = Parsed<
  Static<typeof simUsageRecords> &
    Static<typeof simsSchema> &
    Omit<Static<typeof simSchema>, 'links' | 'status'> &
    Static<typeof feedsSchema> &
    Static<typeof importsSchema> &
    Omit<Static<typeof deliverySchema>, 'links' | 'status'> &
    Static<typeof quarantineSchema> &
    Static<typeof usageEventsSchema> &
    Static<typeof gapsSchema> &
    Static<typeof acceptedGapSchema> &
    Static<typeof usageMembersSchema> &
    Static<typeof groupsSchema> &
    Pick<Static<typeof membershipSchema>, 'group' | 'group_sid' | 'labels'> &
    Static<typeof usedNetworksSchema> &
    Omit<ErrorBody, 'status'> & {
      readonly status: string | number
      readonly links: Readonly<Record<string, string | null>>
    }
>

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly body: AnswerBody
}

export interface Usage {
  readonly plmn?: string
  readonly upload?: number
  readonly download?: number
  readonly to_sim?: number
  readonly from_sim?: number
  readonly zone?: string
  readonly country?: string
}

export class HttpFixture {
  readonly server: HttpServer
  readonly store: UsageStore
  readonly clock: { now: number }
  readonly owner: TestAccount
  readonly operator: TestCredential
  readonly feed: Feed
  readonly #temp: TempStore
  #records = 0

  private constructor(
    temp: TempStore,
    clock: { now: number },
    known: { owner: TestAccount; operator: TestCredential; feed: Feed },
    options: Partial<ServerOptions>,
  ) {
    this.#temp = temp
    this.store = temp.store
    this.clock = clock
    this.owner = known.owner
    this.operator = known.operator
    this.feed = known.feed
    this.server = buildServer({ store: temp.store, clock: () => this.clock.now, ...options })
  }

  /** Time stands at `NOW` of the builders until a test moves it. */
  static async open(options: Partial<ServerOptions> = {}): Promise<HttpFixture> {
    const temp = await openTempStore()
    const owner = await addAccount(temp.store, { mayRegisterNumbers: true })
    const operator = await addKey(temp.store, { account: null, scope: 'admin' })
    const feed = await temp.store.createFeed(aFeed({ name: 'hub', format: 'ndjson' }))
    await temp.store.grantFeed(feed.id, owner.account.id, NOW)
    return new HttpFixture(temp, { now: NOW }, { owner, operator, feed }, options)
  }

  async close(): Promise<void> {
    await this.server.close()
    await this.#temp.dispose()
  }

  addAccount(stated: Partial<NewAccount> = {}): Promise<TestAccount> {
    return addAccount(this.store, stated)
  }

  addKey(key: { account: TestAccount | null; scope: KeyScope }): Promise<TestCredential> {
    return addKey(this.store, key)
  }

  /** A feed to which the fixture's account may deliver. */
  async addFeed(stated: Partial<Omit<Feed, 'id'>>): Promise<Feed> {
    const feed = await this.store.createFeed(aFeed(stated))
    await this.store.grantFeed(feed.id, this.owner.account.id, NOW)
    return feed
  }

  async addSim(registration: SimRegistration = {}, owner: TestAccount = this.owner): Promise<Sim> {
    const options = { at: NOW, newSid: () => newSid('DE') }
    return this.store.createSim(owner.account.id, aSim(registration), options)
  }

  /** Brings one record of usage, at home unless it names another network, by the feed's road. */
  async use(sim: Sim, at: string | number, usage: Usage): Promise<void> {
    const record = {
      record_id: `r${++this.#records}`,
      sim: sim.sid,
      occurred_at: typeof at === 'number' ? formatInstant(at) : at,
      ...(usage.zone === undefined && { plmn: '310-260' }),
      ...usage,
    }
    const answer = await this.deliver(`${JSON.stringify(record)}\n`, { as: this.operator })
    if (answer.body.accepted !== 1) throw new Error(`not accepted: ${answer.text}`)
  }

  deliver(records: string | Buffer, options: RequestOptions = {}): Promise<Answer> {
    return this.send('POST', `/v1/Feeds/${this.feed.name}/Records`, records, options)
  }

  get(url: string, options: RequestOptions = {}): Promise<Answer> {
    return this.send('GET', url, undefined, options)
  }

  /** As the clients of the original API send it: form-urlencoded. */
  post(url: string, form: Record<string, string>, options: RequestOptions = {}): Promise<Answer> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...options.headers }
    return this.send('POST', url, new URLSearchParams(form).toString(), { ...options, headers })
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload: string | Buffer | undefined,
    { as = this.owner, headers = {} }: RequestOptions = {},
  ): Promise<Answer> {
    const reply = await this.server.inject({
      method,
      url,
      headers: { ...(as !== null && { authorization: basic(as) }), ...headers },
      ...(payload !== undefined && { payload }),
    })
    const { statusCode: status, body: text } = reply
    return { status, headers: reply.headers, text, body: text === '' ? null : JSON.parse(text) }
  }

  /** A client of this server, without a socket. */
  client({ sid, secret }: TestCredential = this.owner): SimtallyClient {
    return createClient({
      url: 'http://localhost',
      credentials: { sid, secret },
      fetch: async (request) => {
        const reply = await this.server.inject({
          method: request.method as 'GET' | 'POST',
          url: request.url.slice('http://localhost'.length),
          headers: Object.fromEntries(request.headers),
          ...(request.body !== null && { payload: await request.text() }),
        })
        const headers = Object.entries(reply.headers).map(([name, value]) => [name, String(value)])
        return new Response(reply.body, {
          status: reply.statusCode,
          headers: headers as [string, string][],
        })
      },
    })
  }

  /** Listens on a port of its own and returns `http://127.0.0.1:<port>`. */
  async listen(): Promise<string> {
    await this.server.listen({ host: '127.0.0.1', port: 0 })
    return `http://127.0.0.1:${(this.server.server.address() as AddressInfo).port}`
  }
}

export function basic({ sid, secret }: TestCredential): string {
  return `Basic ${Buffer.from(`${sid}:${secret}`).toString('base64')}`
}

async function addAccount(
  store: UsageStore,
  stated: Partial<NewAccount> = {},
): Promise<TestAccount> {
  const secret = newSecret()
  const account = await store.createAccount(
    anAccount({ authTokenHash: hashSecret(secret), ...stated }),
  )
  return { account, sid: account.sid, secret }
}

async function addKey(
  store: UsageStore,
  { account, scope }: { account: TestAccount | null; scope: KeyScope },
): Promise<TestCredential> {
  const secret = newSecret()
  const key: ApiKey = await store.createApiKey({
    sid: newSid('SK'),
    accountId: account?.account.id ?? null,
    scope,
    secretHash: hashSecret(secret),
    label: '',
    createdAt: NOW,
    revokedAt: null,
  })
  return { sid: key.sid, secret }
}
