/** The server's answers, typed by route: using a field that a route does not return does not compile. */
import type { InjectOptions } from 'fastify'
import type { ListPath, paths, Row, Schema } from '../../src/client/client.ts'
import type { HttpServer } from '../../src/http/route-context.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS'

/** An address between its slashes, without its query. */
type Segments<Url extends string> = Url extends `${infer Path}?${string}`
  ? Segments<Path>
  : Url extends `${infer First}/${infer Rest}`
    ? [First, ...Segments<Rest>]
    : [Url]

type Matches<Asked, Route> = Asked extends [infer A, ...infer As]
  ? Route extends [infer R, ...infer Rs]
    ? R extends A | `{${string}}`
      ? Matches<As, Rs>
      : false
    : false
  : Route extends []
    ? true
    : false

/** The address in the OpenAPI file that matches one such as `/v1/Sims/${string}?Page=1`. */
type RouteOf<Url extends string> = Url extends string
  ? {
      [Route in keyof paths]: Matches<Segments<Url>, Segments<Route>> extends true ? Route : never
    }[keyof paths]
  : never

type Responses<Url extends string, Asked extends Method> = Asked extends Method
  ? paths[RouteOf<Url>] extends Readonly<Record<Lowercase<Asked>, { readonly responses: infer R }>>
    ? R
    : never
  : never

type Json<Response> = Response extends {
  readonly content: { readonly 'application/json': infer Body }
}
  ? Body
  : never

type Content<Of, Status extends number> = Of extends unknown
  ? { [Key in keyof Of & Status]: Json<Of[Key]> }[keyof Of & Status]
  : never

type OrUnknown<Body> = [Body] extends [never] ? unknown : Body

/** What a route returns when it has done as asked; unknown for an address without a route. */
export type BodyOf<
  Url extends string,
  Asked extends Method = 'GET',
  Status extends number = 200 | 201 | 202,
> = OrUnknown<Content<Responses<Url, Asked>, Status>>

export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The parsed text of a granted request; null if it is not JSON. */
  readonly body: Body
  /** The same for a refused request. */
  readonly error: Schema<'Error'>
}

export type AnswerTo<Url extends string, Asked extends Method = 'GET'> = Answer<BodyOf<Url, Asked>>

/** A list, whatever its rows are. */
export function anyList(body: unknown): {
  readonly meta: Schema<'ListMeta'>
  readonly rows: readonly unknown[]
} {
  const { meta, ...lists } = body as { meta: Schema<'ListMeta'> } & Record<string, unknown>
  return { meta, rows: lists[meta.key] as unknown[] }
}

/** The body of an answer that came as text. */
export function bodyIn<
  Url extends string,
  Asked extends Method = 'GET',
  Status extends number = 200 | 201 | 202,
>(text: string): BodyOf<Url, Asked, Status> {
  return JSON.parse(text)
}

/** The error in a refusal that came as text. */
export function errorIn(text: string): Schema<'Error'> {
  return JSON.parse(text)
}

/** The rows of the list that a route returns. */
export type RowOf<Url extends string> = Row<Extract<RouteOf<Url>, ListPath>>

/** The rows of a list that came as NDJSON. The last row of a part says how to continue. */
export function rowsIn<Url extends string>(
  text: string,
): (RowOf<Url> & { readonly page_token?: string })[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Asks a server without a socket. */
export async function ask<const Url extends string = string, Asked extends Method = 'GET'>(
  server: HttpServer,
  request: Omit<InjectOptions, 'url' | 'method'> & {
    readonly url: Url | string
    readonly method?: Asked
  },
): Promise<AnswerTo<Url, Asked>> {
  const reply = await server.inject(request)
  return answerOf<Url, Asked>(reply.statusCode, reply.headers, reply.body)
}

/** Asks a server over its socket. */
export async function askAt<const Url extends string = string, Asked extends Method = 'GET'>(
  address: string,
  {
    url,
    ...request
  }: Omit<RequestInit, 'method'> & {
    readonly url: Url | string
    readonly method?: Asked
  },
): Promise<AnswerTo<Url, Asked>> {
  const reply = await fetch(address + url, request)
  return answerOf<Url, Asked>(reply.status, Object.fromEntries(reply.headers), await reply.text())
}

/** Lists in lines, and metrics. Anything else that cannot be parsed fails its test. */
const OTHER_THAN_JSON = /^(?:text\/csv|application\/x-ndjson|text\/plain; version=)/

function answerOf<Url extends string, Asked extends Method>(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  text: string,
): AnswerTo<Url, Asked> {
  const isOther = OTHER_THAN_JSON.test(String(headers['content-type']))
  const body = text === '' || isOther ? null : JSON.parse(text)
  return { status, headers, text, body, error: body }
}
