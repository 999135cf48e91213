/** What the server answers, typed by its routes: a field that a route does not answer does not compile. */
import type { InjectOptions } from 'fastify'
import type { paths, Schema } from '../../src/client/client.ts'
import type { HttpServer } from '../../src/http/route-context.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS'

/** An address between its slashes, without its query. */
type Segments<Url extends string> = Url extends `${infer Path}?${string}`
  ? Segments<Path>
  : Url extends `http://localhost:80/${infer Path}`
    ? Segments<`/${Path}`>
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

/** The address of the OpenAPI file that is meant by one such as `/v1/Sims/${string}?Page=1`. */
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

/** What nobody has said the type of. */
type Known<Body> = [Body] extends [never] ? unknown : Body

/** What a route answers when it has done what it was asked; unknown for an address of no route. */
export type BodyOf<Url extends string, Asked extends Method = 'GET'> = Known<
  Content<Responses<Url, Asked>, 200 | 201 | 202>
>

export interface Answer<Body = unknown> {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The parsed text, of a request that was granted; null when it is not JSON. */
  readonly body: Body
  /** The same, of one that was refused. */
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
export function bodyIn<Url extends string, Asked extends Method = 'GET'>(
  text: string,
): BodyOf<Url, Asked> {
  return JSON.parse(text)
}

/** What a refusal says that came as text. */
export function errorIn(text: string): Schema<'Error'> {
  return JSON.parse(text)
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

function answerOf<Url extends string, Asked extends Method>(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  text: string,
): AnswerTo<Url, Asked> {
  const isJson = /^application\/json\b/.test(String(headers['content-type']))
  const body = isJson && text !== '' ? JSON.parse(text) : null
  return { status, headers, text, body, error: body }
}
