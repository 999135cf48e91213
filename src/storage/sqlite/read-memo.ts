/**
 * Remembers answers for as long as the database stays as it is. SQLite itself tells: its `data_version`
 * changes with every commit of another connection, and the reading connection never writes. Every request
 * reads the directory three times, while it changes a few times a day.
 *
 * SQLite is asked once per turn of the event loop, because each time costs two system calls. Nothing is
 * missed that way. What another process has written becomes known here through an event, and an event
 * after the check belongs to a later turn. What this process has written increases `writesSeen` before
 * anybody learns of it. A caller that awaits nothing but reads never ends its turn, so SQLite's answer
 * also expires by itself.
 */
import type { StatementSync } from 'node:sqlite'
import type { Connection } from './connection.ts'
import { writesSeen } from './writer.ts'

/** A few megabytes at most. Beyond that, the memory is cleared and fills again. */
const ANSWERS_MAX = 20_000

/** How long SQLite's answer that nothing was written stays valid, in milliseconds. */
const CHECK_GOOD_MS = 1

export class ReadMemo {
  readonly #dataVersion: StatementSync
  readonly #answers = new Map<string, unknown>()
  #validFor: unknown = null
  #checkedAtWrite = -1
  #checkedAt = 0

  constructor(connection: Connection) {
    this.#dataVersion = connection.db.prepare('PRAGMA data_version')
    this.#dataVersion.setReturnArrays(true)
  }

  /** The remembered answer to `question`, or else what `ask` finds now. */
  answer<T>(question: string, ask: () => T): T {
    const isGood =
      this.#checkedAtWrite === writesSeen() && performance.now() - this.#checkedAt < CHECK_GOOD_MS
    if (!isGood) this.#check()
    const known = this.#answers.get(question)
    if (known !== undefined) return known as T
    const found = ask()
    this.#answers.set(question, found)
    return found
  }

  #check(): void {
    const version = (this.#dataVersion.get() as unknown as unknown[])[0]
    if (version !== this.#validFor || this.#answers.size >= ANSWERS_MAX) {
      this.#answers.clear()
      this.#validFor = version
    }
    this.#checkedAtWrite = writesSeen()
    this.#checkedAt = performance.now()
    setImmediate(() => {
      this.#checkedAtWrite = -1
    }).unref()
  }
}
