/** From `postgres://…` to where and how to connect. */
import { shown, UsageError } from '../../domain/usage-error.ts'

/** Connections of one process. Each costs the server some megabytes; importers use one or two. */
const CONNECTIONS_DEFAULT = 10
const CONNECTIONS_MAX = 500

/** How long a connection may take to be there. */
const CONNECT_TIMEOUT_MS_DEFAULT = 10_000

/** A question that runs longer than this hangs, or should not be asked of a server in use. */
const READ_TIMEOUT_MS_DEFAULT = 30_000

/** One batch takes seconds at most; beyond this it waits for something that does not end. */
const WRITE_TIMEOUT_MS_DEFAULT = 300_000

/** How long a read is tried again: somebody waits for it. */
const READ_RETRY_MS_DEFAULT = 5_000

export interface PostgresTarget {
  /** For `pg`: the URL without our own parameters. */
  readonly connectionString: string
  /** Host, port and database, without user and password: for messages. */
  readonly shown: string
  readonly schema: string
  /** True when the URL names the schema, so that other tables beside it are no mistake. */
  readonly schemaNamed: boolean
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly readRetryMs: number
  /** Null where the URL leaves it to the topology. */
  readonly writeRetryMs: number | null
  /** Settings of the server, as the URL states them; ours come after. */
  readonly options: string
}

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE'

export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:/i.test(url)
}

/** Throws `invalid` naming what is wrong with the URL; never repeats a password. */
export function parsePostgresUrl(text: string): PostgresTarget {
  if (!URL.canParse(text)) throw wrongUrl(text, `expected ${FORM}`)
  const url = new URL(text)
  const database = decoded(url.pathname.slice(1), text)
  if (url.hostname === '' && !url.searchParams.has('host')) {
    throw wrongUrl(text, `no host; expected ${FORM}`)
  }
  if (database === '' || database.includes('/')) {
    throw wrongUrl(text, `no database name; expected ${FORM}`)
  }
  const take = (name: string) => {
    const value = url.searchParams.get(name)
    url.searchParams.delete(name)
    return value
  }
  const schema = take('schema')
  if (schema !== null && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw wrongUrl(text, `schema ${shown(schema)}: expected lower-case letters, digits and _`)
  }
  const number = <Default>(name: string, byDefault: Default, max: number) => {
    const value = take(name)
    if (value === null) return byDefault
    if (/^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= max) return Number(value)
    throw wrongUrl(text, `${name} ${shown(value)}: expected a whole number, 1 to ${max}`)
  }
  const connectionsMax = number('connections', CONNECTIONS_DEFAULT, CONNECTIONS_MAX)
  const connectTimeoutMs = number('connect_timeout_ms', CONNECT_TIMEOUT_MS_DEFAULT, 600_000)
  const readTimeoutMs = number('read_timeout_ms', READ_TIMEOUT_MS_DEFAULT, 3_600_000)
  const writeTimeoutMs = number('write_timeout_ms', WRITE_TIMEOUT_MS_DEFAULT, 86_400_000)
  const readRetryMs = number('read_retry_ms', READ_RETRY_MS_DEFAULT, 3_600_000)
  const writeRetryMs = number('write_retry_ms', null, 86_400_000)
  // Left in the URL they would take the place of ours, the schema among them.
  const options = take('options') ?? ''
  const host = url.hostname || url.searchParams.get('host')
  return {
    connectionString: url.href,
    shown: `${host}${url.port === '' ? '' : `:${url.port}`}/${database}`,
    schema: schema ?? 'public',
    schemaNamed: schema !== null,
    connectionsMax,
    connectTimeoutMs,
    readTimeoutMs,
    writeTimeoutMs,
    readRetryMs,
    writeRetryMs,
    options,
  }
}

function decoded(text: string, url: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrongUrl(url, 'its path is not valid percent-encoding')
  }
}

function wrongUrl(text: string, rule: string): UsageError {
  const value = withoutSecrets(text)
  return new UsageError('invalid', `--database ${shown(value)}: ${rule}`, {
    field: '--database',
    value,
  })
}

/**
 * A URL that cannot be taken apart may have its password anywhere: all that stands before the last
 * `@` goes, where a port that is no number stands, and what parameters of that kind say.
 */
function withoutSecrets(text: string): string {
  const [, scheme = '', rest = ''] = /^(postgres(?:ql)?:\/*)(.*)$/is.exec(text) ?? []
  const place = rest.slice(rest.lastIndexOf('@') + 1)
  const login = place.length < rest.length ? '***@' : ''
  const shownPlace = place
    .replace(/:(?!\d+(?:[/?]|$))[^/?]*/, ':***')
    .replace(/(pass[^=&]*)=[^&]*/gi, '$1=***')
  return scheme + login + shownPlace
}
