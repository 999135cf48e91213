/** What replaced rows change in the derived tables, added up a cell. */
import { DAY_SECONDS, floorTo, HOUR_SECONDS, monthNumber } from '../../domain/time.ts'
import type { StoredEvent } from '../rows.ts'
import { columnsOf, type Session, type Value } from './connection.ts'
import * as sql from './ledger-sql.ts'

interface Cell {
  readonly key: readonly (string | number)[]
  readonly counters: [bigint, bigint, bigint, bigint]
}

type Place = Pick<StoredEvent, 'accountId' | 'columns' | 'version'> & {
  readonly simId: number
  readonly occurredAt: number
}

export class CellChanges {
  readonly #sealedThrough: number
  readonly #hours = new Map<string, Cell>()
  readonly #days = new Map<string, Cell>()
  readonly #simDays = new Map<string, Cell>()

  /** Days before `sealedThrough` have per-SIM totals, which then change too. */
  constructor(sealedThrough: number) {
    this.#sealedThrough = sealedThrough
  }

  /** Adds a row's counters `times` 1, or takes them away with -1. */
  add({ accountId, simId, occurredAt, columns, version }: Place, times: 1 | -1): void {
    const { zone, country, plmn } = columns
    const hour = floorTo(occurredAt, HOUR_SECONDS)
    const day = floorTo(occurredAt, DAY_SECONDS)
    const change = (cells: Map<string, Cell>, key: readonly (string | number)[]) =>
      addToCell(cells, key, version, BigInt(times))
    change(this.#hours, [accountId, hour, zone, country, plmn])
    change(this.#days, [accountId, day, zone, country, plmn])
    if (day < this.#sealedThrough) {
      change(this.#simDays, [monthNumber(day), simId, zone, country, day])
    }
  }

  async write(session: Session): Promise<void> {
    await writeCells(session, sql.addToAccountCells('account_hour'), this.#hours)
    await writeCells(session, sql.addToAccountCells('account_day'), this.#days)
    await writeCells(session, sql.ADD_TO_SIM_DAYS, this.#simDays)
  }
}

function addToCell(
  cells: Map<string, Cell>,
  key: readonly (string | number)[],
  { upload, download, toSim, fromSim }: StoredEvent['version'],
  times: bigint,
): void {
  const text = key.join('|')
  let cell = cells.get(text)
  if (cell === undefined) {
    cell = { key, counters: [0n, 0n, 0n, 0n] }
    cells.set(text, cell)
  }
  const { counters } = cell
  counters[0] += times * BigInt(upload)
  counters[1] += times * BigInt(download)
  counters[2] += times * BigInt(toSim)
  counters[3] += times * BigInt(fromSim)
}

async function writeCells(
  session: Session,
  text: string,
  cells: ReadonlyMap<string, Cell>,
): Promise<void> {
  const rows = [...cells.values()].map(({ key, counters }): Value[] => [
    ...key,
    ...counters.map(String),
  ])
  if (rows.length === 0) return
  await session.run(text, columnsOf(rows))
}
