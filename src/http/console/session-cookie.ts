/**
 * The cookie in which a browser keeps its session token. It has one form only; a general cookie package would
 * accept more.
 */

/**
 * Browsers accept a cookie of this name only from the host itself and over TLS, so no other page can set it.
 */
const SECURE_NAME = '__Host-simtally-session'
const PLAIN_NAME = 'simtally-session'

/** As `newSecret` makes them. A cookie of ours with any other value does not count. */
const TOKEN = '[0-9a-f]{32}'
const COOKIES = {
  secure: new RegExp(`(?:^|;) *${SECURE_NAME}=(${TOKEN}) *(?:;|$)`),
  plain: new RegExp(`(?:^|;) *${PLAIN_NAME}=(${TOKEN}) *(?:;|$)`),
}

/** The token in a `Cookie` header. Over TLS, a cookie that plain HTTP could have set does not count. */
export function sessionTokenIn(header: string | undefined, isSecure: boolean): string | null {
  return COOKIES[isSecure ? 'secure' : 'plain'].exec(header ?? '')?.[1] ?? null
}

/** The `Set-Cookie` header that keeps a token for this many seconds; 0 removes it. */
export function sessionCookie(token: string, maxAgeSeconds: number, isSecure: boolean): string {
  const name = isSecure ? SECURE_NAME : PLAIN_NAME
  const secure = isSecure ? '; Secure' : ''
  return `${name}=${token}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict${secure}`
}
