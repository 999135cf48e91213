/** A server on a separate store, with one account, one feed and a clock that tests move. */
import type { AddressInfo } from 'node:net'
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
import type { HttpServer } from '../../src/http/route-context.ts'
import { buildServer, type ServerOptions } from '../../src/http/server.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { type AnswerTo, anyList, ask, type Method } from './answers.ts'
import { aFeed, anAccount, aSim, NOW } from './builders.ts'
import { openTempStore, type TempStore } from './temp-store.ts'

/** An account or a key, with the secret that the store only keeps as a hash. */
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
  readonly remoteAddress?: string
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

  /** Time stands at the builders' `NOW` until a test moves it. */
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

  /** A feed that the fixture's account may deliver to. */
  async addFeed(stated: Partial<Omit<Feed, 'id'>>): Promise<Feed> {
    const feed = await this.store.createFeed(aFeed(stated))
    await this.store.grantFeed(feed.id, this.owner.account.id, NOW)
    return feed
  }

  async addSim(registration: SimRegistration = {}, owner: TestAccount = this.owner): Promise<Sim> {
    const options = { at: NOW, newSid: () => newSid('DE') }
    return this.store.createSim(owner.account.id, aSim(registration), options)
  }

  /** Delivers one usage record through the feed, at home unless it names another network. */
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

  deliver(
    records: string | Buffer,
    options: RequestOptions = {},
  ): Promise<AnswerTo<'/v1/Feeds/{name}/Records', 'POST'>> {
    return this.send('POST', `/v1/Feeds/${this.feed.name}/Records`, records, options)
  }

  /** For an address known only at run time, `get<'/v1/Sims'>(…)` names its route. */
  get<const Url extends string = string>(
    url: Url | string,
    options: RequestOptions = {},
  ): Promise<AnswerTo<Url>> {
    return this.send<'GET', Url>('GET', url, undefined, options)
  }

  /** One answer per page of a list. */
  async *pages<const Url extends string>(
    url: Url,
    options: RequestOptions = {},
  ): AsyncGenerator<AnswerTo<Url>, void, undefined> {
    for (let next: string | null = url; next !== null; ) {
      const answer: AnswerTo<Url> = await this.get<Url>(next, options)
      yield answer
      next = anyList(answer.body).meta.next_page_url
    }
  }

  /** In the form of the original API's clients: form-urlencoded. */
  post<const Url extends string = string>(
    url: Url | string,
    form: Record<string, string>,
    options: RequestOptions = {},
  ): Promise<AnswerTo<Url, 'POST'>> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...options.headers }
    const payload = new URLSearchParams(form).toString()
    return this.send<'POST', Url>('POST', url, payload, { ...options, headers })
  }

  send<Asked extends Method, const Url extends string = string>(
    method: Asked,
    url: Url | string,
    payload?: string | Buffer,
    { as = this.owner, headers = {}, ...options }: RequestOptions = {},
  ): Promise<AnswerTo<Url, Asked>> {
    return ask<Url, Asked>(this.server, {
      method,
      url,
      headers: { ...(as !== null && { authorization: basic(as) }), ...headers },
      ...options,
      ...(payload !== undefined && { payload }),
    })
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

  /** Listens on a free port and returns `http://127.0.0.1:<port>`. */
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
