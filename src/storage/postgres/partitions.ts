/** The monthly partitions of the ledger and its history: created ahead and on demand, and dropped. */
import { monthNumber, monthStart } from '../../domain/time.ts'
import { readLimits } from '../limits.ts'
import { watchPartition } from './checksums.ts'
import type { Database } from './connection.ts'
import type { PostgresSession } from './session.ts'

export const PARTITIONED_TABLES = ['ledger', 'ledger_history'] as const
export type PartitionedTable = (typeof PARTITIONED_TABLES)[number]

/** Records come late, but never far ahead, so one month more than the present is enough. */
const MONTHS_AHEAD = 1

const LIST = `
  SELECT parent.relname AS parent, child.relname AS name
  FROM pg_inherits
  JOIN pg_class AS parent ON parent.oid = inhparent
  JOIN pg_class AS child ON child.oid = inhrelid
  WHERE inhparent = ANY (ARRAY[to_regclass('ledger'), to_regclass('ledger_history')])
  ORDER BY child.relname`

export interface Partition {
  readonly parent: PartitionedTable
  readonly name: string
  /** As counted by `monthNumber`. */
  readonly month: number
}

export async function listPartitions(session: PostgresSession): Promise<Partition[]> {
  return (await session.all(LIST)).map((row) => {
    const name = row.name as string
    const [, year, month] = /_(\d{4})_(\d{2})$/.exec(name)!
    return {
      parent: row.parent as PartitionedTable,
      name,
      month: Number(year) * 12 + Number(month) - 1,
    }
  })
}

export class Partitions {
  readonly #database: Database
  /** Months known to exist. A purge, by this process or another, may remove some. */
  readonly #known = new Set<number>()

  constructor(database: Database) {
    this.#database = database
  }

  forget(): void {
    this.#known.clear()
  }

  /** Creates missing months for events at these instants, and for what comes after `now`. */
  async ensure(instants: Iterable<number>, now: number): Promise<void> {
    const wanted = this.#missing(instants, now)
    if (wanted.size === 0) return
    await this.#database.write((session) => this.#make(session, wanted))
    for (const month of wanted) this.#known.add(month)
  }

  /** As `ensure`, but within an open transaction; they last if it commits. */
  async ensureWithin(
    session: PostgresSession,
    instants: Iterable<number>,
    now: number,
  ): Promise<void> {
    const wanted = this.#missing(instants, now)
    if (wanted.size > 0) await this.#make(session, wanted)
  }

  #missing(instants: Iterable<number>, now: number): ReadonlySet<number> {
    const wanted = new Set<number>()
    for (const at of instants) wanted.add(monthNumber(at))
    for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) wanted.add(monthNumber(now) + ahead)
    return wanted.difference(this.#known)
  }

  async #make(session: PostgresSession, months: ReadonlySet<number>): Promise<void> {
    await session.lock('partitions')
    const limit = await session.take(readLimits())
    const there = new Set((await listPartitions(session)).map(({ name }) => name))
    for (const month of [...months].sort((a, b) => a - b)) {
      for (const parent of PARTITIONED_TABLES) {
        const name = partitionName(parent, month)
        if (there.has(name)) continue
        // Citus only takes them one by one.
        for (const text of createPartition(parent, month)) await session.client.query(text)
        await watchPartition(session, { parent, name, month }, limit)
      }
    }
  }
}

function partitionName(parent: PartitionedTable, month: number): string {
  const year = String(Math.floor(month / 12)).padStart(4, '0')
  return `${parent}_${year}_${String((month % 12) + 1).padStart(2, '0')}`
}

/**
 * Created beside the table and then attached to it, so that it need not wait for a batch or a long read
 * of the table to end. Names and bounds consist of numbers here, because DDL takes no parameters.
 */
function createPartition(parent: PartitionedTable, month: number): string[] {
  const name = partitionName(parent, month)
  return [
    `CREATE TABLE ${name} (LIKE ${parent} INCLUDING ALL)`,
    `ALTER TABLE ${parent} ATTACH PARTITION ${name}
     FOR VALUES FROM (${monthStart(month)}) TO (${monthStart(month + 1)})`,
  ]
}
