/**
 * A client of Simtally's API: `simtally/client`. The OpenAPI file types its paths, parameters and answers. It
 * runs wherever `fetch` does, and imports nothing of the program.
 */
import createFetchClient, { type Client } from 'openapi-fetch'
import type { components, paths } from './api.ts'

export type { components, paths }

/** A schema of the OpenAPI file: `Schema<'Sim'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]

/** `GET` and `POST`, by the paths of the OpenAPI file. They resolve to `data` or `error`; see `answerOf`. */
export type SimtallyClient = Client<paths>

export interface ClientOptions {
  /** The server's URL, including its path if it has one: `https://example.com/usage`. */
  readonly url: string
  /**
   * The SID and token of an account, or the SID and secret of a key; or just an access token. Null for a page
   * of the server itself, whose browser sends the session.
   */
  readonly credentials:
    | { readonly sid: string; readonly secret: string }
    | { readonly accessToken: string }
    | null
  /** Sends requests instead of the platform's own `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>
}

export function createClient({ url, credentials, fetch }: ClientOptions): SimtallyClient {
  return createFetchClient<paths>({
    baseUrl: url,
    ...(credentials !== null && { headers: { Authorization: authorizationOf(credentials) } }),
    ...(fetch !== undefined && { fetch }),
    // Deliveries are texts and are sent unchanged.
    bodySerializer: (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body)),
  })
}

/** A refusal or failure that the server answered. */
export class SimtallyError extends Error {
  override readonly name = 'SimtallyError'
  /** The HTTP status. */
  readonly status: number
  /** The API's code, such as 20404; null if the answer has none. */
  readonly code: number | null
  /** Identifies the request in the server's log. */
  readonly requestId: string | null
  /** Seconds to wait before trying again; null if the answer does not say. */
  readonly retryAfterSeconds: number | null

  constructor(response: Response, body: unknown) {
    const { message, code } = (body ?? {}) as { message?: unknown; code?: unknown }
    super(typeof message === 'string' ? message : `HTTP ${response.status}`)
    this.status = response.status
    this.code = typeof code === 'number' ? code : null
    this.requestId = response.headers.get('Twilio-Request-Id')
    const seconds = response.headers.get('Retry-After')
    this.retryAfterSeconds = seconds === null ? null : Number(seconds)
  }
}

type Outcome<Data> = {
  readonly data?: Data
  readonly error?: unknown
  readonly response: Response
}

/**
 * The data of a request's answer, `await answerOf(client.GET(…))`. Rejects with `SimtallyError` for any other
 * outcome.
 */
export async function answerOf<Data>(outcome: Promise<Outcome<Data>>): Promise<Data> {
  const { data, error, response } = await outcome
  if (!response.ok || data === undefined) throw new SimtallyError(response, error)
  return data
}

type Page<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Body } } } }
}
  ? Body
  : never

/** The paths that return lists. */
export type ListPath = {
  [Path in keyof paths]: Page<Path> extends { meta: Schema<'ListMeta'> } ? Path : never
}[keyof paths]

/** An entry of a list: the list is the one property that is an array. */
export type Row<Path extends ListPath> = {
  [Key in keyof Page<Path>]: Page<Path>[Key] extends readonly (infer Item)[] ? Item : never
}[keyof Page<Path>]

type ListParameters<Path extends ListPath> = paths[Path] extends {
  get: { parameters: infer Parameters }
}
  ? Pick<Parameters, Extract<keyof Parameters, 'path' | 'query'>>
  : never

/** What all lists share, whatever their rows are called. */
interface ListBody {
  readonly meta: Schema<'ListMeta'>
  readonly [rows: string]: unknown
}

/** Every row of a list, page after page. Rejects with `SimtallyError`. */
export async function* rowsOf<Path extends ListPath>(
  client: SimtallyClient,
  path: Path,
  params: ListParameters<Path>,
): AsyncGenerator<Row<Path>, void, undefined> {
  // The general form of all lists. The compiler cannot work it out for a path that it does not know.
  const get = client.GET as unknown as (
    path: string,
    init: { readonly params: object },
  ) => Promise<Outcome<ListBody>>
  const { query: asked = {} } = params as { readonly query?: object }
  for (let query: object | null = asked; query !== null; ) {
    const page: ListBody = await answerOf(get(path, { params: { ...params, query } }))
    yield* page[page.meta.key] as Row<Path>[]
    const next: string | null = page.meta.next_page_url
    query = next === null ? null : Object.fromEntries(new URL(next).searchParams)
  }
}

function authorizationOf(credentials: NonNullable<ClientOptions['credentials']>): string {
  if ('accessToken' in credentials) return `Bearer ${credentials.accessToken}`
  return `Basic ${btoa(`${credentials.sid}:${credentials.secret}`)}`
}
