/** What a trial changes in usage, added up by account, SIM, zone and country. */
import type { CountryCode } from '../domain/country.ts'
import type { Sid } from '../domain/identifiers.ts'
import { type Counters, ZONES } from '../domain/usage-event.ts'
import type { ServingColumns } from './rows.ts'
import type { UsageChange } from './usage-store.ts'

interface Cell {
  readonly accountId: number
  readonly simId: number
  readonly zone: number
  readonly country: string
  upload: bigint
  download: bigint
  toSim: bigint
  fromSim: bigint
}

/** Its memory grows with the SIMs and countries of a delivery, not with its records. */
export class UsageChanges {
  readonly #cells = new Map<string, Cell>()

  /** Adds a ledger row's counters `times` 1, or takes them away with -1. */
  add(
    {
      accountId,
      simId,
      columns: { zone, country },
    }: { accountId: number; simId: number; columns: Pick<ServingColumns, 'zone' | 'country'> },
    { upload, download, toSim, fromSim }: Counters,
    times: 1 | -1,
  ): void {
    const key = `${accountId} ${simId} ${zone} ${country}`
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      const nothing = { upload: 0n, download: 0n, toSim: 0n, fromSim: 0n }
      cell = { accountId, simId, zone, country, ...nothing }
      this.#cells.set(key, cell)
    }
    cell.upload += BigInt(times * upload)
    cell.download += BigInt(times * download)
    cell.toSim += BigInt(times * toSim)
    cell.fromSim += BigInt(times * fromSim)
  }

  /** Adds all that `changes` has collected. */
  addAll(changes: UsageChanges): void {
    for (const [key, added] of changes.#cells) {
      const cell = this.#cells.get(key)
      if (cell === undefined) {
        this.#cells.set(key, { ...added })
      } else {
        cell.upload += added.upload
        cell.download += added.download
        cell.toSim += added.toSim
        cell.fromSim += added.fromSim
      }
    }
  }

  get accountIds(): number[] {
    return [...new Set(this.#changed().map(({ accountId }) => accountId))]
  }

  get simIds(): number[] {
    return [...new Set(this.#changed().map(({ simId }) => simId))]
  }

  /** Ordered by account, SIM, zone and country; what has not changed is not among them. */
  list(sidOf: { account: (id: number) => string; sim: (id: number) => string }): UsageChange[] {
    return this.#changed()
      .sort(
        (a, b) =>
          a.accountId - b.accountId ||
          a.simId - b.simId ||
          a.zone - b.zone ||
          (a.country < b.country ? -1 : 1),
      )
      .map(({ accountId, simId, zone, country, ...counters }) => ({
        accountSid: sidOf.account(accountId) as Sid,
        simSid: sidOf.sim(simId) as Sid,
        zone: ZONES[zone]!,
        country: country === '' ? null : (country as CountryCode),
        ...counters,
      }))
  }

  #changed(): Cell[] {
    return [...this.#cells.values()].filter(
      ({ upload, download, toSim, fromSim }) =>
        upload !== 0n || download !== 0n || toSim !== 0n || fromSim !== 0n,
    )
  }
}
