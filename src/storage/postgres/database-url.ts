/** From `postgres://…` to where and how to connect. Reads no files and no environment. */
import { shown, UsageError } from '../../domain/usage-error.ts'
import { type Host, Hosts } from './hosts.ts'
import { type LoginSource, NO_LOGIN } from './password.ts'
import { parseSslMode, type SslFiles, type SslMode } from './tls.ts'

/** Connections per process. Each costs the server some megabytes; importers use one or two. */
const CONNECTIONS_DEFAULT = 10
const CONNECTIONS_MAX = 500

/** How long connecting may take. */
const CONNECT_TIMEOUT_MS_DEFAULT = 10_000

/** A question that runs longer than this hangs, or should not be asked of a server in use. */
const READ_TIMEOUT_MS_DEFAULT = 30_000

/** A batch takes seconds at most; beyond this, it waits for something that does not end. */
const WRITE_TIMEOUT_MS_DEFAULT = 300_000

/** How long a read is tried again, given that somebody waits for it. */
const READ_RETRY_MS_DEFAULT = 5_000

/** Trying more of them in turn would take longer than connecting may take. */
const HOSTS_MAX = 8

const PORT_DEFAULT = 5432

export interface PostgresTarget {
  /** Several are tried in turn until one accepts writes. */
  readonly hosts: Hosts
  readonly database: string
  /** Null leaves it to the environment, as in PostgreSQL's own programs. */
  readonly user: string | null
  readonly login: LoginSource
  readonly ssl: { readonly mode: SslMode; readonly files: SslFiles; readonly direct: boolean }
  readonly applicationName: string
  /** Hosts, ports and database, without user and password: for messages. */
  readonly shown: string
  readonly schema: string
  /** True if the URL names the schema, so that other tables beside it are no mistake. */
  readonly schemaNamed: boolean
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly readRetryMs: number
  /** Null if the URL leaves it to the topology. */
  readonly writeRetryMs: number | null
  /** Server settings stated in the URL; ours come after them. */
  readonly settings: readonly Setting[]
  /** The parts of `options` that are not settings, for poolers and proxies that take them. */
  readonly startupOptions: string
}

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE'

/** Simtally needs a session in which it may write, so other values are refused. */
const SESSION_ATTRIBUTES = ['any', 'read-write', 'primary']

export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:/i.test(url)
}

/** Throws `invalid`, naming what is wrong with the URL. Never repeats a password. */
export function parsePostgresUrl(text: string): PostgresTarget {
  const { url, hosts: namedHosts } = takeApart(text)
  const database = decoded(url.pathname.slice(1), text)
  if (database === '' || database.includes('/')) {
    throw wrongUrl(text, `no database name; expected ${FORM}`)
  }
  const parameters = new Parameters(text, url.searchParams)
  const hosts = hostsOf(text, namedHosts, parameters)
  const schema = parameters.take('schema')
  if (schema !== null && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw wrongUrl(text, `schema ${shown(schema)}: expected lower-case letters, digits and _`)
  }
  const connectSeconds = parameters.number('connect_timeout', null, 600)
  const target: PostgresTarget = {
    hosts: new Hosts(hosts),
    database,
    user: decoded(url.username, text) || parameters.take('user'),
    login: loginOf(text, url, parameters),
    ssl: sslOf(text, parameters),
    applicationName: parameters.take('application_name') ?? 'simtally',
    shown: `${hosts.map(({ shown: host }) => host).join(',')}/${database}`,
    schema: schema ?? 'public',
    schemaNamed: schema !== null,
    connectionsMax: parameters.number('connections', CONNECTIONS_DEFAULT, CONNECTIONS_MAX),
    connectTimeoutMs: parameters.number(
      'connect_timeout_ms',
      connectSeconds === null ? CONNECT_TIMEOUT_MS_DEFAULT : connectSeconds * 1_000,
      600_000,
    ),
    readTimeoutMs: parameters.number('read_timeout_ms', READ_TIMEOUT_MS_DEFAULT, 3_600_000),
    writeTimeoutMs: parameters.number('write_timeout_ms', WRITE_TIMEOUT_MS_DEFAULT, 86_400_000),
    readRetryMs: parameters.number('read_retry_ms', READ_RETRY_MS_DEFAULT, 3_600_000),
    writeRetryMs: parameters.number('write_retry_ms', null, 86_400_000),
    ...optionsOf(parameters.take('options') ?? ''),
  }
  parameters.choice('target_session_attrs', SESSION_ATTRIBUTES)
  parameters.choice('client_encoding', ['UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'])
  parameters.requireNoOthers()
  return target
}

/** `URL` only knows one host, so several are parsed one at a time, each in place of them all. */
function takeApart(text: string): { readonly url: URL; readonly hosts: readonly URL[] } {
  const [, before = '', places = '', after = ''] =
    /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/is.exec(text) ?? []
  const names = places.split(',')
  const urls = names.map((name) => before + name + after)
  if (before === '' || !urls.every((url) => URL.canParse(url))) {
    throw wrongUrl(text, `expected ${FORM}`)
  }
  // This may be part of a password, the rest of which must not be repeated in a message.
  if (after.includes('@')) {
    throw wrongUrl(text, `an @ that belongs to no host is written %40; expected ${FORM}`)
  }
  if (names.length > 1 && names.includes('')) throw wrongUrl(text, 'a host has no name')
  const hosts = urls.map((url) => new URL(url))
  return { url: hosts[0]!, hosts: hosts.filter(({ hostname }) => hostname !== '') }
}

function hostsOf(text: string, named: readonly URL[], parameters: Parameters): readonly Host[] {
  const listed = parameters.take('host')?.split(',') ?? null
  const ports = parameters.take('port')?.split(',') ?? []
  const all = named.map(({ hostname, port }) => ({ name: hostname, port }))
  const places = listed === null ? all : listed.map((name) => ({ name, port: '' }))
  if (places.length === 0 || places.some(({ name }) => name === '')) {
    throw wrongUrl(text, `no host; expected ${FORM}`)
  }
  if (places.length > HOSTS_MAX) {
    throw wrongUrl(text, `${places.length} hosts, at most ${HOSTS_MAX} allowed`)
  }
  return places.map(({ name, port }, index) => {
    const stated = (ports.length > 1 ? ports[index] : ports[0]) || port || all[index]?.port || ''
    if (!/^\d{0,5}$/.test(stated) || Number(stated) > 65_535) {
      throw wrongUrl(text, `port ${shown(stated)}: expected a whole number, 1 to 65535`)
    }
    const host = decoded(name, text).replace(/^\[(.+)\]$/, '$1')
    return {
      host,
      port: Number(stated) || PORT_DEFAULT,
      shown: `${decoded(name, text)}${stated === '' ? '' : `:${stated}`}`,
    }
  })
}

/** A password in the URL takes precedence over those that the environment adds as parameters. */
function loginOf(text: string, url: URL, parameters: Parameters): LoginSource {
  const stated = parameters.take('password')
  const password = decoded(url.password, text) || stated || null
  return {
    ...NO_LOGIN,
    password,
    passwordFile: parameters.take('password_file'),
    passfile: parameters.take('passfile'),
  }
}

function sslOf(text: string, parameters: Parameters): PostgresTarget['ssl'] {
  const isOn = parameters.choice('ssl', ['true', '1', 'false', '0'])
  const byDefault = isOn === 'true' || isOn === '1' ? 'require' : 'disable'
  const files = {
    rootCertificate: parameters.take('sslrootcert'),
    certificate: parameters.take('sslcert'),
    key: parameters.take('sslkey'),
  }
  const mode = parseSslMode(parameters.take('sslmode') ?? byDefault, files)
  if (typeof mode !== 'string') throw wrongUrl(text, mode.rule)
  const direct = parameters.choice('sslnegotiation', ['postgres', 'direct']) === 'direct'
  if (direct && mode === 'disable') {
    throw wrongUrl(text, 'sslnegotiation "direct": needs an sslmode that encrypts')
  }
  return { mode, files, direct }
}

/** A server setting, by name. */
export type Setting = readonly [name: string, value: string]

/**
 * Settings (`-c name=value`, `--name=value`) are made after connecting, because some poolers drop those
 * that come with the connection. Anything else is passed on as it stands.
 */
function optionsOf(text: string): Pick<PostgresTarget, 'settings' | 'startupOptions'> {
  const words = text.match(/(?:\\.|\S)+/g) ?? []
  const settings: Setting[] = []
  const rest: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] === '-c' ? `-c${words[++i] ?? ''}` : words[i]!
    const [, name = '', value = ''] = /^(?:-c|--)([\w.-]+)=(.*)$/.exec(word) ?? []
    if (name === '') rest.push(word)
    else settings.push([name.replaceAll('-', '_'), value.replace(/\\(.)/g, '$1')])
  }
  return { settings, startupOptions: rest.join(' ') }
}

/** What follows the `?`. Of two with the same name, the first counts. */
class Parameters {
  readonly #text: string
  readonly #values: URLSearchParams

  constructor(text: string, values: URLSearchParams) {
    this.#text = text
    this.#values = values
  }

  take(name: string): string | null {
    const value = this.#values.get(name)
    this.#values.delete(name)
    return value
  }

  number<Default>(name: string, byDefault: Default, max: number): number | Default {
    const value = this.take(name)
    if (value === null) return byDefault
    if (/^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= max) return Number(value)
    const rule = `${name} ${shown(value)}: expected a whole number, 1 to ${max}`
    throw wrongUrl(this.#text, rule)
  }

  choice(name: string, allowed: readonly string[]): string | null {
    const value = this.take(name)
    if (value === null || allowed.includes(value)) return value
    throw wrongUrl(this.#text, `${name} ${shown(value)}: expected ${allowed.join(', ')}`)
  }

  /** Otherwise, a misspelt parameter would silently do nothing. */
  requireNoOthers(): void {
    const [name] = this.#values.keys()
    if (name === undefined) return
    throw wrongUrl(this.#text, `there is no parameter ${shown(name)}`)
  }
}

function decoded(text: string, url: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrongUrl(url, 'a part of it is not valid percent-encoding')
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
 * A URL that cannot be parsed may have its password anywhere. This removes everything before the last
 * `@`, a port that is not a number, and the values of parameters that hold secrets.
 */
export function withoutSecrets(text: string): string {
  const [, scheme = '', rest = ''] = /^(postgres(?:ql)?:\/*)(.*)$/is.exec(text) ?? []
  const place = rest.slice(rest.lastIndexOf('@') + 1)
  const login = place.length < rest.length ? '***@' : ''
  const shownPlace = place
    .replace(/:(?!\d+(?:[/?,]|$))[^/?,]*/g, ':***')
    .replace(/(pass[^=&]*)=[^&]*/gi, '$1=***')
  return scheme + login + shownPlace
}
