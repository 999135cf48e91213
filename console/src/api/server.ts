/** The HTTP API, called with this browser's session. The console calls nothing else. */
import { createClient } from '../../../src/client/client.ts'
import { API_ROOT } from '../base.ts'
import { parseExact } from './exact-json.ts'

export { answerOf, rowsOf, type Schema, SimtallyError } from '../../../src/client/client.ts'

/** Called on every 401 except those of signing in: the session has ended. */
let onSessionEnd = () => {}

export function whenSessionEnds(then: () => void): void {
  onSessionEnd = then
}

/** For requests that do not go through `server` and were answered with 401. */
export function endSession(): void {
  onSessionEnd()
}

export const server = createClient({ url: API_ROOT, credentials: null, fetch: ask })

async function ask(request: Request): Promise<Response> {
  request.headers.set('Simtally-Console', '1')
  const response = await fetch(request)
  if (response.status === 401 && !request.url.endsWith('/console/session')) onSessionEnd()
  if (response.headers.get('Content-Type')?.startsWith('application/json') !== true) return response
  return exact(response)
}

/** The client uses `json()` if it knows the length, and that must not round numbers above 2^53. */
async function exact(response: Response): Promise<Response> {
  const text = await response.text()
  const headers = new Headers(response.headers)
  headers.set('Content-Length', String(text.length))
  const { status, statusText } = response
  const copy = new Response(text, { status, statusText, headers })
  copy.json = async () => parseExact(text)
  return copy
}
