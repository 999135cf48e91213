/**
 * The cookie in which a browser keeps the token of its session. One cookie of one form: a package that reads
 * and writes all of them would accept more than that.
 */

/** Browsers take a cookie of this name only from the host itself, by TLS: no other page can set it. */
const SECURE_NAME = '__Host-simtally-session'
const PLAIN_NAME = 'simtally-session'

/** As `newSecret` makes them; whatever else stands in a cookie of ours is none. */
const TOKEN = '[0-9a-f]{32}'
const COOKIES = {
  secure: new RegExp(`(?:^|;) *${SECURE_NAME}=(${TOKEN}) *(?:;|$)`),
  plain: new RegExp(`(?:^|;) *${PLAIN_NAME}=(${TOKEN}) *(?:;|$)`),
}

/** The token in a `Cookie` header. By TLS a cookie that plain HTTP may have set does not count. */
export function sessionTokenIn(header: string | undefined, isSecure: boolean): string | null {
  return COOKIES[isSecure ? 'secure' : 'plain'].exec(header ?? '')?.[1] ?? null
}

/** The `Set-Cookie` that keeps a token for so many seconds; 0 takes it away. */
export function sessionCookie(token: string, maxAgeSeconds: number, isSecure: boolean): string {
  const name = isSecure ? SECURE_NAME : PLAIN_NAME
  const secure = isSecure ? '; Secure' : ''
  return `${name}=${token}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict${secure}`
}
