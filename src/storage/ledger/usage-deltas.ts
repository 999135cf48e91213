/**
 * What ledger rows that are added, removed or changed contribute to usage, summed per cell. Derived
 * tables change only through this, in the transaction that changes the ledger.
 */

import { type Counters, counterValues, mapCounters, NO_COUNTERS } from '../../domain/counters.ts'
import type { CountryCode } from '../../domain/country.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { DAY_SECONDS, floorTo, HOUR_SECONDS, monthNumber, monthStart } from '../../domain/time.ts'
import { ZONES } from '../../domain/usage-event.ts'
import { addedCounters, COUNTER_COLUMNS } from '../counter-columns.ts'
import { SELECT_ACCOUNT_SIDS, SELECT_SIM_SIDS } from '../directory/sql.ts'
import type { Limits } from '../limits.ts'
import { ACCOUNT_CELL, SIM_DAY, SIM_MONTH } from '../rollups.ts'
import type { ServingColumns } from '../rows.ts'
import { hasSimMonths, insert, type Steps } from '../session.ts'
import type { TableName } from '../tables.ts'
import type { TrialChanges } from '../usage-store.ts'
import { sidsOf } from './quarantine.ts'

/** Whose ledger row it is, and when it counts. */
export interface UsagePlace {
  readonly accountId: number
  readonly simId: number
  readonly occurredAt: number
}

type CellKey = readonly (number | string)[]

/** The change of one cell. */
class Cell {
  readonly key: CellKey
  readonly #numbers = counterValues(NO_COUNTERS)
  /** What was collected before a number would have overflowed. A bigint for every row would cost more. */
  #high = NOTHING

  constructor(key: CellKey) {
    this.key = key
  }

  add(counters: Counters, times: 1 | -1): void {
    const numbers = this.#numbers
    const added = counterValues(counters)
    for (let place = 0; place < added.length; place++) {
      const sum = numbers[place]! + times * added[place]!
      if (Number.isSafeInteger(sum)) numbers[place] = sum
      else this.#carry(place, times * added[place]!)
    }
  }

  /** Moves the number at the place into `#high`, and restarts it at `number`. */
  #carry(place: number, number: number): void {
    const carried = BigInt(this.#numbers[place]!)
    this.#high = this.#high.map((high, i) => (i === place ? high + carried : high))
    this.#numbers[place] = number
  }

  addAll(other: Cell): void {
    const added = other.sums
    this.#high = this.sums.map((sum, place) => sum + added[place]!)
    this.#numbers.fill(0)
  }

  /** In the order of `COUNTER_COLUMNS`. */
  get sums(): readonly bigint[] {
    return this.#high.map((high, place) => high + BigInt(this.#numbers[place]!))
  }
}

const NOTHING: readonly bigint[] = COUNTER_COLUMNS.map(() => 0n)

export class UsageDeltas {
  readonly #limits: Limits
  readonly #changes: UsageChanges | null
  /**
   * By account, hour and serving. Nested, because a batch has few of each and joining keys costs time.
   */
  readonly #hours = new Map<number, Map<number, Map<ServingColumns, Cell>>>()
  readonly #simDays = new Map<string, Cell>()
  /** Equal columns share one object here, which is found by itself or else by its content. */
  readonly #servings = new Map<ServingColumns | string, ServingColumns>()

  /** Sealed days and months have per-SIM totals, which change too. `changes` is told everything. */
  constructor(limits: Limits, changes: UsageChanges | null = null) {
    this.#limits = limits
    this.#changes = changes
  }

  /** Adds a row's counters with `times` 1, or subtracts them with -1. */
  add(place: UsagePlace, columns: ServingColumns, counters: Counters, times: 1 | -1): void {
    this.#changes?.add(place, columns, counters, times)
    const { accountId, occurredAt } = place
    const hour = floorTo(occurredAt, HOUR_SECONDS)
    const serving = this.#servings.get(columns) ?? this.#interned(columns)
    const servings = nested(nested(this.#hours, accountId), hour)
    let cell = servings.get(serving)
    if (cell === undefined) {
      cell = new Cell([accountId, hour, serving.zone, serving.country, serving.plmn])
      servings.set(serving, cell)
    }
    cell.add(counters, times)
    if (occurredAt < this.#limits.sealedThrough) this.#addToSimDay(place, columns, counters, times)
  }

  /** Writes what has been collected, and clears it. */
  *write(): Steps<void> {
    const hours = [...this.#hours.values()].flatMap((ofAccount) =>
      [...ofAccount.values()].flatMap((ofHour) => [...ofHour.values()]),
    )
    const simDays = [...this.#simDays.values()]
    this.#hours.clear()
    this.#simDays.clear()
    yield* addToCells('account_hour', ACCOUNT_CELL, hours)
    const days = addedUp(hours, ([accountId, hour, ...serving]) => [
      accountId!,
      floorTo(hour as number, DAY_SECONDS),
      ...serving,
    ])
    yield* addToCells('account_day', ACCOUNT_CELL, days)
    yield* addToCells('sim_day', SIM_DAY, simDays)
    if (simDays.length === 0 || !(yield* hasSimMonths())) return
    const { firstMonth, endMonth } = this.#limits
    const ofMonths = simDays.filter(({ key: [month] }) => {
      return (month as number) >= firstMonth && (month as number) < endMonth
    })
    const months = addedUp(ofMonths, (key) => key.slice(0, -1))
    yield* addToCells('sim_month', SIM_MONTH, months)
  }

  #addToSimDay(
    { simId, occurredAt }: UsagePlace,
    { zone, country }: ServingColumns,
    counters: Counters,
    times: 1 | -1,
  ): void {
    const day = floorTo(occurredAt, DAY_SECONDS)
    const text = `${simId} ${day} ${zone} ${country}`
    let cell = this.#simDays.get(text)
    if (cell === undefined) {
      cell = new Cell([monthNumber(day), simId, zone, country, day])
      this.#simDays.set(text, cell)
    }
    cell.add(counters, times)
  }

  #interned(columns: ServingColumns): ServingColumns {
    const text = `${columns.zone} ${columns.country} ${columns.plmn}`
    const known = this.#servings.get(text) ?? columns
    this.#servings.set(text, known)
    this.#servings.set(columns, known)
    return known
  }
}

/** In key order, so that two transactions can only wait for each other in one direction. */
function* addToCells(
  table: TableName,
  key: readonly string[],
  cells: readonly Cell[],
): Steps<void> {
  yield* insert({
    table,
    columns: [...key, ...COUNTER_COLUMNS],
    // As text, so that the database refuses a sum that does not fit in 64 bits.
    rows: inOrder(cells).map((cell) => [...cell.key, ...cell.sums.map(String)]),
    suffix: `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${addedCounters(table)}`,
  })
}

function addedUp(cells: readonly Cell[], keyOf: (key: CellKey) => CellKey): Cell[] {
  const sums = new Map<string, Cell>()
  for (const cell of cells) {
    const key = keyOf(cell.key)
    cellIn(sums, key.join(' '), key).addAll(cell)
  }
  return [...sums.values()]
}

function compareKeys(a: CellKey, b: CellKey): number {
  for (const [i, left] of a.entries()) {
    const right = b[i]!
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

function nested<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = map.get(key)
  if (inner === undefined) {
    inner = new Map()
    map.set(key, inner)
  }
  return inner
}

/** What a trial changes. Its memory grows with the SIMs, months and countries of a delivery. */
export class UsageChanges {
  /** By account, SIM, zone, country and month. */
  readonly #cells = new Map<string, Cell>()

  /** Adds a row's counters with `times` 1, or subtracts them with -1. */
  add(
    { accountId, simId, occurredAt }: UsagePlace,
    { zone, country }: Pick<ServingColumns, 'zone' | 'country'>,
    counters: Counters,
    times: 1 | -1,
  ): void {
    const month = monthNumber(occurredAt)
    this.#cellOf([accountId, simId, zone, country, month]).add(counters, times)
  }

  /** Adds everything that `changes` has collected. */
  addAll(changes: UsageChanges): void {
    for (const cell of changes.#cells.values()) this.#cellOf(cell.key).addAll(cell)
  }

  *list(): Steps<TrialChanges> {
    const changed = [...this.#cells.values()].filter(hasChanged)
    const bySim = addedUp(changed, (key) => key.slice(0, -1)).filter(hasChanged)
    const byMonth = addedUp(changed, ([accountId, , zone, , month]) => [accountId!, month!, zone!])
    const ids = (place: number) => new Set(changed.map(({ key }) => key[place] as number))
    const accounts = yield* sidsOf(SELECT_ACCOUNT_SIDS, ids(0))
    const sims = yield* sidsOf(SELECT_SIM_SIDS, ids(1))
    return {
      changes: inOrder(bySim).map(({ key: [accountId, simId, zone, country], sums }) => ({
        accountSid: accounts.get(accountId as number) as Sid,
        simSid: sims.get(simId as number) as Sid,
        zone: ZONES[zone as number]!,
        country: country === '' ? null : (country as CountryCode),
        ...differences(sums),
      })),
      months: inOrder(byMonth).map(({ key: [accountId, month, zone], sums }) => ({
        accountSid: accounts.get(accountId as number) as Sid,
        month: monthStart(month as number),
        zone: ZONES[zone as number]!,
        ...differences(sums),
      })),
    }
  }

  #cellOf(key: CellKey): Cell {
    return cellIn(this.#cells, key.join(' '), key)
  }
}

function hasChanged({ sums }: Cell): boolean {
  return sums.some((sum) => sum !== 0n)
}

function inOrder(cells: readonly Cell[]): Cell[] {
  return cells.toSorted((a, b) => compareKeys(a.key, b.key))
}

function differences(sums: Cell['sums']) {
  return mapCounters((place) => sums[place]!)
}

function cellIn(cells: Map<string, Cell>, text: string, key: CellKey): Cell {
  let cell = cells.get(text)
  if (cell === undefined) {
    cell = new Cell(key)
    cells.set(text, cell)
  }
  return cell
}
