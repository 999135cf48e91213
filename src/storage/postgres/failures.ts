/** Which of PostgreSQL's failures pass by themselves, and what the others mean to a person. */
import { UsageError } from '../../domain/usage-error.ts'
import { Overtaken } from '../ledger/changes.ts'

/** Another transaction was in the way: SQLSTATEs for serialization, deadlock and lock waits. */
const CONTENTION = new Set(['40001', '40P01', '55P03'])

/** The server is starting, or has no connection free. */
const NOT_YET = new Set(['57P03', '53300'])

/** The server is stopping, or has ended a connection or transaction that was idle for too long. */
const INTERRUPTED = new Set(['57P01', '57P02', '57P05', '25P03', '25P04'])

/** The server's disks; on Citus, also a server of the cluster that went away while rows came. */
const SYSTEM = new Set(['58000', '58030'])

/**
 * A COPY that meets a row with the same key. Citus reports that a server has refused the rows, but not
 * why; Citus may even have been set up after this process connected.
 */
const COPY_REFUSALS = new Set(['23505', 'XX000'])

/**
 * Statements are prepared once per session, so these errors mean that the session belongs to somebody
 * else.
 */
const FOREIGN_STATEMENT = new Set(['26000', '42P05'])

const NETWORK = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
])

/**
 * Citus's message, without a code of its own, when a server of the cluster goes away while a transaction
 * is committed.
 */
const SERVER_OF_CLUSTER_LOST =
  /^(failure on connection marked as essential|failed to prepare transaction)/

/** The connection ended, with or without a message from the server. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
    this.name = 'ConnectionLost'
  }
}

/** The server does not accept writes, but the URL names others that may. */
export class NotWritable extends Error {}

/** `numeric_value_out_of_range`: a sum that does not fit. */
export const OUT_OF_RANGE = '22003'

export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** True if the connection is of no more use. */
export function isLost(error: unknown): boolean {
  const code = sqlState(error)
  return (
    error instanceof ConnectionLost ||
    code.startsWith('08') ||
    NOT_YET.has(code) ||
    INTERRUPTED.has(code) ||
    SYSTEM.has(code) ||
    NETWORK.has(code) ||
    (code === 'XX000' && SERVER_OF_CLUSTER_LOST.test(messageOf(error)))
  )
}

/**
 * True if another host may work, if there are several. Failures that `pg` itself reports have no code.
 */
export function isOfHost(error: unknown): boolean {
  return error instanceof NotWritable || isLost(error) || sqlState(error) === ''
}

/** True if a server refuses to write. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === '25006'
}

/** True if a server exists but takes no connections yet. */
export function isNotYet(error: unknown): boolean {
  return NOT_YET.has(sqlState(error))
}

/** True if the server itself has ended the connection, and may take the next. */
export function isInterrupted(error: unknown): boolean {
  return INTERRUPTED.has(sqlState(error))
}

/** True if the server cannot plan it: Citus refuses some plans that a single server would have made. */
export function isUnplannable(error: unknown): boolean {
  return sqlState(error) === '0A000'
}

/** True if a COPY was refused, possibly because a row with the same key exists. */
export function isRefusedCopy(error: unknown): boolean {
  return COPY_REFUSALS.has(sqlState(error))
}

/** True if another transaction was in the way, and may be so again. */
export function isContention(error: unknown): boolean {
  return error instanceof Overtaken || CONTENTION.has(sqlState(error))
}

/** True if the same call may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  return isContention(error) || isLost(error)
}

/** Turns failures that somebody can act on into `UsageError`s; a bug stays what it is. */
export function translate(place: string, error: unknown): unknown {
  if (error instanceof UsageError) return error
  if (FOREIGN_STATEMENT.has(sqlState(error))) return sharedSession(place, error)
  const failure = (code: UsageError['code'], message: string, hint?: string) =>
    new UsageError(code, message, { cause: error, ...(hint === undefined ? {} : { hint }) })
  switch (sqlState(error)) {
    case '53100':
      return failure(
        'storage_full',
        `no space left on the server of ${place}`,
        'free some disk space there and repeat; nothing of this call was stored',
      )
    case '25006':
      return failure('read_only', `${place} is read-only; name the primary server instead`)
    case '42501':
      return failure(
        'read_only',
        `the user of ${place} lacks a privilege (${messageOf(error)}); grant it, or name another user`,
      )
    case '57014':
      return failure(
        'unavailable',
        `${place} did not answer in time (${messageOf(error)})`,
        'trying again is safe; read_timeout_ms and write_timeout_ms in the URL of the database give it more time',
      )
    case OUT_OF_RANGE:
      return failure(
        'overflow',
        'a sum of usage passes 9223372036854775807, the largest kept',
        'look for records with absurd counters; nothing of this call was stored',
      )
    case '42P01':
    case '42703':
      return failure(
        'incompatible',
        `${place} has lost a part of its schema (${messageOf(error)}); restore it from a backup`,
      )
  }
  // The server's memory and other resources, and its files.
  if (/^(53|58)/.test(sqlState(error)) && !isPassing(error)) {
    return failure('unavailable', `the server of ${place} is in trouble: ${messageOf(error)}`)
  }
  if (!isPassing(error)) return error
  const why = messageOf(error)
  return failure('unavailable', `${place} cannot be reached now (${why}); trying again is safe`)
}

/** As `translate`, but for a first connection, where the fault lies in what the URL says. */
export function translateConnecting(place: string, error: unknown): unknown {
  if (error instanceof UsageError) return error
  const failure = (message: string) => new UsageError('unavailable', message, { cause: error })
  if ((error as NodeJS.ErrnoException).syscall === 'open') {
    return failure(`${place}: a file that --database names cannot be read (${messageOf(error)})`)
  }
  switch (sqlState(error)) {
    case '28P01':
    case '28000':
      return failure(
        `${place} refuses the login (${messageOf(error)}); check user and password of --database`,
      )
    case '3D000':
      return failure(
        `${place} does not exist on its server; create it with createdb, or name another with --database`,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return failure(`the host of ${place} is not known; check its spelling in --database`)
    case 'ENOENT':
    case 'ECONNREFUSED':
      return failure(
        `no server answers at ${place}; start PostgreSQL there, or name another with --database`,
      )
    case '53300':
      return failure(
        `the server of ${place} has no connection free; raise its max_connections, or run fewer processes`,
      )
  }
  const translated = translate(place, error)
  if (translated instanceof UsageError) return translated
  if (/password must be a string/.test(messageOf(error))) {
    return failure(
      `${place} asks for a password, and --database names none; write it as USER:PASSWORD@`,
    )
  }
  // Failures that `pg` itself reports, such as a time-out, have no code.
  return sqlState(error) === ''
    ? failure(`${place} cannot be reached (${messageOf(error)}); check host and port of --database`)
    : failure(`${place} cannot be used: ${messageOf(error)}`)
}

export function sharedSession(place: string, cause?: unknown): UsageError {
  return new UsageError(
    'incompatible',
    `a pooler in front of ${place} shares its connections by transaction or statement; ` +
      'set pool_mode = session there, or connect to the server itself',
    { cause },
  )
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}
