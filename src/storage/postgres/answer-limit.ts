/**
 * Limits how long a server may leave a statement without an answer. Its own time-outs come first. Beyond
 * them, the network in between no longer works, and the connection is ended.
 */
import type pg from 'pg'

/** How much later than the server's own limit an answer may come, in milliseconds. */
export const ANSWER_GRACE_MS = 10_000

/** For statements that may take the server long, such as an audit. */
export const UNLIMITED_ANSWER_MS = 24 * 3_600_000

/** What `pg` does not expose about a client. */
interface Insides {
  readonly connection: {
    readonly stream: { destroy(error?: Error): void }
    on(event: 'readyForQuery' | 'end', listener: () => void): void
  }
}

interface Watch {
  limitMs: number
  timer: NodeJS.Timeout | undefined
}

const watches = new WeakMap<pg.ClientBase, Watch>()

/** From now on, every statement of the client has this long. The first call sets the limit up. */
export function limitAnswers(client: pg.ClientBase, limitMs: number): void {
  const known = watches.get(client)
  if (known !== undefined) {
    known.limitMs = limitMs
    return
  }
  const watch: Watch = { limitMs, timer: undefined }
  watches.set(client, watch)
  const { connection } = client as unknown as Insides
  const disarm = () => clearTimeout(watch.timer)
  connection.on('readyForQuery', disarm)
  connection.on('end', disarm)
  const query = client.query.bind(client) as (...given: unknown[]) => unknown
  const watched = (...given: unknown[]) => {
    disarm()
    // An open connection keeps the process alive; the limit alone does not.
    watch.timer = setTimeout(() => {
      disconnect(client, new Error(`no answer in ${watch.limitMs / 1000} s`))
    }, watch.limitMs).unref()
    return query(...given)
  }
  client.query = watched as typeof client.query
}

/** Ends a connection at once, without telling the server, which may not hear it. */
export function disconnect(client: pg.ClientBase, reason?: Error): void {
  ;(client as unknown as Insides).connection.stream.destroy(reason)
}
