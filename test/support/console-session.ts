/** A browser that is signed in to the console: what its pages send, and what comes back. */
import { type AnswerTo, ask } from './answers.ts'
import type { HttpFixture, TestCredential } from './http-fixture.ts'

/** What a browser sends with requests from a page of the server itself. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin', 'simtally-console': '1' } as const

export interface SessionReply extends AnswerTo<'/console/session', 'GET' | 'POST' | 'DELETE'> {
  /** The content of `Set-Cookie`; empty if there is none. */
  readonly setCookie: string
  /** The cookie as a browser sends it back. */
  readonly cookie: string
}

export async function askSession(
  { server }: Pick<HttpFixture, 'server'>,
  method: 'GET' | 'POST' | 'DELETE',
  {
    headers = OWN_PAGE,
    payload,
    remoteAddress = '127.0.0.1',
  }: {
    readonly headers?: Readonly<Record<string, string>>
    readonly payload?: object
    readonly remoteAddress?: string
  } = {},
): Promise<SessionReply> {
  const reply = await ask(server, {
    ...{ method, url: '/console/session', headers, remoteAddress },
    ...(payload !== undefined && { payload }),
  })
  const setCookie = String(reply.headers['set-cookie'] ?? '')
  return { ...reply, setCookie, cookie: setCookie.split(';')[0]! }
}

/** Signs in, and returns what the browser sends from then on. */
export async function signedIn(
  fixture: Pick<HttpFixture, 'server'>,
  { sid, secret }: TestCredential,
): Promise<{ readonly cookie: string } & typeof OWN_PAGE> {
  const { status, text, cookie } = await askSession(fixture, 'POST', { payload: { sid, secret } })
  if (status !== 201) throw new Error(`not signed in: ${text}`)
  return { ...OWN_PAGE, cookie }
}
