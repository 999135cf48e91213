/**
 * Where a database's password comes from when a server asks for it. Files are read for each new
 * connection, so that a password changed there needs no restart.
 */
import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../domain/usage-error.ts'
import { messageOf, sqlState } from './failures.ts'

/** The first that exists counts. */
export interface LoginSource {
  readonly password: string | null
  /** A file that holds the password and nothing else. */
  readonly passwordFile: string | null
  /** A file in PostgreSQL's own form, one line per server; null means `~/.pgpass`. */
  readonly passfile: string | null
}

export const NO_LOGIN: LoginSource = { password: null, passwordFile: null, passfile: null }

/** What a line of a password file applies to. */
export interface LoginPlace {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** Permissions of a password file for its group and everybody. */
const OTHERS = 0o077

/** Fails with `unavailable` if a named file cannot be used, or if there is no password at all. */
export async function readPassword(source: LoginSource, place: LoginPlace): Promise<string> {
  if (source.password !== null) return source.password
  if (source.passwordFile !== null) return passwordOf(source.passwordFile)
  const path = source.passfile ?? join(homedir(), '.pgpass')
  const found = await passwordFrom(path, place, source.passfile !== null)
  if (found !== null) return found
  throw new UsageError(
    'unavailable',
    `${place.host}:${place.port}/${place.database} asks user ${place.user} for a password, and there is none: ` +
      'set SIMTALLY_DATABASE_PASSWORD_FILE or SIMTALLY_DATABASE_PASSWORD, add a line to ~/.pgpass, or write USER:PASSWORD@ into --database',
  )
}

/** The line break that an editor or `echo` puts at the end is not part of it. */
async function passwordOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const password = text.replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new UsageError('unavailable', `the password file ${path} is empty`)
}

async function passwordFrom(
  path: string,
  place: LoginPlace,
  isNamed: boolean,
): Promise<string | null> {
  let text: string
  try {
    const { mode } = await stat(path)
    if ((mode & OTHERS) !== 0) {
      throw new UsageError(
        'unavailable',
        `others may read the password file ${path}, so it is not used; chmod 600 ${path}`,
      )
    }
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (!isNamed && sqlState(error) === 'ENOENT') return null
    throw unreadable(path, error)
  }
  return passwordInLines(text, place)
}

/** `host:port:database:user:password`, in which `*` matches anything and `\` escapes. */
export function passwordInLines(text: string, place: LoginPlace): string | null {
  // For a server reached by a socket, libpq looks up this name.
  const host = place.host.startsWith('/') ? 'localhost' : place.host
  const wanted = [host, String(place.port), place.database, place.user]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? []
    const [first = '', port = '', database = '', user = ''] = fields.slice(0, 4).map(fieldOf)
    const rest = fields.slice(4).join('')
    const fits = [first, port, database, user].every(
      (field, index) => field === '*' || unescaped(field) === wanted[index],
    )
    if (fits && fields.length > 4) return unescaped(rest)
  }
  return null
}

function fieldOf(text: string): string {
  return text.replace(/:$/, '')
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}

function unreadable(path: string, cause: unknown): UsageError {
  return new UsageError(
    'unavailable',
    `the password file ${path} cannot be read (${messageOf(cause)})`,
    { cause },
  )
}
