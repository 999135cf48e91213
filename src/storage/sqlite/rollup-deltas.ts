/**
 * Collects what a batch changes in the derived tables, and writes it as one addition a cell. The
 * derived tables change only through here, in the transaction that changes the ledger.
 */

import { DAY_SECONDS, floorTo, HOUR_SECONDS, monthNumber } from '../../domain/time.ts'
import type { Counters } from '../../domain/usage-event.ts'
import type { Limits } from '../limits.ts'
import type { ServingColumns } from '../rows.ts'
import type { UsageChanges } from '../usage-changes.ts'
import type { Connection } from './connection.ts'
import { ADD_TO_SIM_DAY, ADD_TO_SIM_MONTH, addToAccountCell } from './ledger-sql.ts'

/** Where and when a ledger row counts. */
export interface RollupPlace {
  readonly accountId: number
  readonly simId: number
  readonly occurredAt: number
  readonly serving: ServingColumns
}

interface Cell {
  readonly key: readonly (string | number)[]
  upload: number
  download: number
  toSim: number
  fromSim: number
}

const ADD_TO_HOUR = addToAccountCell('account_hour')
const ADD_TO_DAY = addToAccountCell('account_day')

export class RollupDeltas {
  readonly #connection: Connection
  readonly #limits: Limits
  /** By account, hour and serving; nested, because a batch has few of each and joining keys costs. */
  readonly #hours = new Map<number, Map<number, Map<ServingColumns, Cell>>>()
  readonly #simDays = new Map<string, Cell>()

  readonly #changes: UsageChanges | null

  /** Sealed days and months have per-SIM totals, which then change too. `changes` is told all. */
  constructor(connection: Connection, limits: Limits, changes: UsageChanges | null = null) {
    this.#connection = connection
    this.#limits = limits
    this.#changes = changes
  }

  /** Adds the counters `times` 1, or takes them away with -1. `place.serving` is interned. */
  add(place: RollupPlace, counters: Counters, times: 1 | -1): void {
    this.#changes?.add({ ...place, columns: place.serving }, counters, times)
    const hour = floorTo(place.occurredAt, HOUR_SECONDS)
    const servings = nested(nested(this.#hours, place.accountId), hour)
    let cell = servings.get(place.serving)
    if (cell === undefined) {
      const { zone, country, plmn } = place.serving
      cell = emptyCell([place.accountId, hour, zone, country, plmn])
      servings.set(place.serving, cell)
    }
    this.#addToCell(cell, counters, times, (full) => this.#writeHour(full))
    if (place.occurredAt < this.#limits.sealedThrough) this.#addToSimDay(place, counters, times)
  }

  /** Writes what has been collected; the deltas are empty afterwards. */
  write(): void {
    for (const hours of this.#hours.values()) {
      for (const servings of hours.values()) {
        for (const cell of servings.values()) this.#writeHour(cell)
      }
    }
    for (const cell of this.#simDays.values()) this.#writeSimDay(cell)
    this.#hours.clear()
    this.#simDays.clear()
  }

  #addToSimDay(place: RollupPlace, counters: Counters, times: 1 | -1): void {
    const day = floorTo(place.occurredAt, DAY_SECONDS)
    const { zone, country } = place.serving
    const text = `${place.simId} ${day} ${zone} ${country}`
    let cell = this.#simDays.get(text)
    if (cell === undefined) {
      cell = emptyCell([monthNumber(day), place.simId, day, zone, country])
      this.#simDays.set(text, cell)
    }
    this.#addToCell(cell, counters, times, (full) => this.#writeSimDay(full))
  }

  #addToCell(cell: Cell, counters: Counters, times: 1 | -1, write: (cell: Cell) => void): void {
    const upload = cell.upload + times * counters.upload
    const download = cell.download + times * counters.download
    const toSim = cell.toSim + times * counters.toSim
    const fromSim = cell.fromSim + times * counters.fromSim
    const isExact =
      Number.isSafeInteger(upload) &&
      Number.isSafeInteger(download) &&
      Number.isSafeInteger(toSim) &&
      Number.isSafeInteger(fromSim)
    if (isExact) {
      cell.upload = upload
      cell.download = download
      cell.toSim = toSim
      cell.fromSim = fromSim
    } else {
      // The table holds 64 bits, a number only 53: what is collected is written, then begun anew.
      write(cell)
      cell.upload = times * counters.upload
      cell.download = times * counters.download
      cell.toSim = times * counters.toSim
      cell.fromSim = times * counters.fromSim
    }
  }

  #writeHour(cell: Cell): void {
    this.#run(ADD_TO_HOUR, cell)
    const [accountId, hour, ...serving] = cell.key
    this.#run(ADD_TO_DAY, {
      ...cell,
      key: [accountId!, floorTo(Number(hour), DAY_SECONDS), ...serving],
    })
  }

  #writeSimDay(cell: Cell): void {
    this.#run(ADD_TO_SIM_DAY, cell)
    const [month, simId, , ...serving] = cell.key
    const { firstMonth, endMonth } = this.#limits
    if (Number(month) >= firstMonth && Number(month) < endMonth) {
      this.#run(ADD_TO_SIM_MONTH, { ...cell, key: [month!, simId!, ...serving] })
    }
  }

  #run(text: string, { key, upload, download, toSim, fromSim }: Cell): void {
    this.#connection.prepare(text).run(...key, upload, download, toSim, fromSim)
  }
}

function emptyCell(key: readonly (string | number)[]): Cell {
  return { key, upload: 0, download: 0, toSim: 0, fromSim: 0 }
}

function nested<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = map.get(key)
  if (inner === undefined) {
    inner = new Map()
    map.set(key, inner)
  }
  return inner
}
