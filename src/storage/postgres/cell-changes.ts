/** What rows that were added or replaced change in the derived tables, added up a cell. */
import { DAY_SECONDS, floorTo, HOUR_SECONDS, monthNumber } from '../../domain/time.ts'
import type { Counters } from '../../domain/usage-event.ts'
import type { ServingColumns } from '../rows.ts'
import type { Value } from '../session.ts'
import * as sql from './ledger-sql.ts'
import { columnsOf, type PostgresSession } from './session.ts'

interface Counted extends Counters {
  readonly accountId: number
  readonly simId: number
  readonly occurredAt: number
}

interface Cell {
  readonly key: readonly [number, ...(number | string)[]]
  readonly upload: ExactSum
  readonly download: ExactSum
  readonly toSim: ExactSum
  readonly fromSim: ExactSum
}

export class CellChanges {
  readonly #sealedThrough: number
  readonly #hours = new Map<string, Cell>()
  readonly #simDays = new Map<string, Cell>()

  /** Days before `sealedThrough` have per-SIM totals, which then change too. */
  constructor(sealedThrough: number) {
    this.#sealedThrough = sealedThrough
  }

  /** Adds a row's counters `times` 1, or takes them away with -1. */
  add(counted: Counted, { zone, country, plmn }: ServingColumns, times: 1 | -1): void {
    const { accountId, simId, occurredAt } = counted
    const hour = floorTo(occurredAt, HOUR_SECONDS)
    const hourText = `${accountId}|${hour}|${zone}|${country}|${plmn}`
    let cell = this.#hours.get(hourText)
    if (cell === undefined) {
      cell = emptyCell([accountId, hour, zone, country, plmn])
      this.#hours.set(hourText, cell)
    }
    addToCell(cell, counted, times)
    const day = floorTo(occurredAt, DAY_SECONDS)
    if (day >= this.#sealedThrough) return
    const dayText = `${simId}|${day}|${zone}|${country}`
    let simDay = this.#simDays.get(dayText)
    if (simDay === undefined) {
      simDay = emptyCell([monthNumber(day), simId, zone, country, day])
      this.#simDays.set(dayText, simDay)
    }
    addToCell(simDay, counted, times)
  }

  async write(session: PostgresSession): Promise<void> {
    const hours = [...this.#hours.values()]
    await writeCells(session, sql.addToAccountCells('account_hour'), hours)
    await writeCells(session, sql.addToAccountCells('account_day'), daysOf(hours))
    await writeCells(session, sql.ADD_TO_SIM_DAYS, [...this.#simDays.values()])
  }
}

function emptyCell(key: Cell['key']): Cell {
  return {
    key,
    upload: new ExactSum(),
    download: new ExactSum(),
    toSim: new ExactSum(),
    fromSim: new ExactSum(),
  }
}

function addToCell(cell: Cell, counters: Counters, times: 1 | -1): void {
  cell.upload.add(times * counters.upload)
  cell.download.add(times * counters.download)
  cell.toSim.add(times * counters.toSim)
  cell.fromSim.add(times * counters.fromSim)
}

function daysOf(hours: readonly Cell[]): Cell[] {
  const days = new Map<string, Cell>()
  for (const hour of hours) {
    const [accountId, startedAt, ...group] = hour.key
    const key = [accountId, floorTo(startedAt as number, DAY_SECONDS), ...group] as const
    const text = key.join('|')
    let day = days.get(text)
    if (day === undefined) {
      day = emptyCell(key)
      days.set(text, day)
    }
    day.upload.addAll(hour.upload)
    day.download.addAll(hour.download)
    day.toSim.addAll(hour.toSim)
    day.fromSim.addAll(hour.fromSim)
  }
  return [...days.values()]
}

async function writeCells(
  session: PostgresSession,
  text: string,
  cells: readonly Cell[],
): Promise<void> {
  const rows = cells.map(({ key, upload, download, toSim, fromSim }): Value[] => [
    ...key,
    ...[upload, download, toSim, fromSim].map((sum) => sum.toString()),
  ])
  if (rows.length === 0) return
  await session.run(text, columnsOf(rows))
}

/** A sum of safe integers that may itself pass 2^53: a bigint for each of them would cost more. */
class ExactSum {
  #low = 0
  #high = 0n

  add(value: number): void {
    const sum = this.#low + value
    if (Number.isSafeInteger(sum)) {
      this.#low = sum
      return
    }
    this.#high += BigInt(this.#low)
    this.#low = value
  }

  addAll(other: ExactSum): void {
    this.add(other.#low)
    this.#high += other.#high
  }

  toString(): string {
    return String(this.#high + BigInt(this.#low))
  }
}
