/**
 * Proves that a moved store is still the same: rows by number, answers by value, derived numbers by
 * audit.
 */

import { DAY_SECONDS, formatInstant } from '../../domain/time.ts'
import { GRANULARITIES, type UsageGroup, type UsageQuery } from '../../domain/usage-query.ts'
import { countersInWords } from '../counter-columns.ts'
import { TABLES } from '../tables.ts'
import type { UsageStore } from '../usage-store.ts'
import type { RowCounts, TransferSource, TransferTarget } from './transfer.ts'

/** For how many SIMs all usage is compared at most; more would take longer than the move. */
export const PROOF_SIMS_MAX = 1_000

/** How many SIMs are asked for at the same time, so that neither store waits for the other. */
const ASKED_AT_ONCE = 4

/** How many SIMs are listed at a time. */
const PAGE_SIMS = 1_000

/** A broken move would otherwise fill the terminal. */
export const PROOF_DIFFERENCES_MAX = 10

export interface TransferProof {
  /** Rows in the target, by table, in the order of `TABLES`. */
  readonly rows: RowCounts
  readonly accounts: number
  readonly sims: number
  readonly simsTotal: number
  /** The period compared, in UTC seconds, half-open; null if there is no usage. */
  readonly period: { readonly start: number; readonly end: number } | null
  /** How many answers were compared. */
  readonly answers: number
  readonly audit: { readonly ledgerRows: number; readonly cellsChecked: number }
  /** The first differences, in words. */
  readonly differences: readonly string[]
  readonly differenceCount: number
}

export interface ProofProgress {
  /** How many accounts and SIMs were compared. */
  readonly compared: number
  readonly total: number
}

interface Asked {
  readonly words: string
  readonly scope: UsageQuery['scope']
}

/** Compares a target with the source it was moved from; `counts` are the source's rows. */
export async function proveTransfer(
  { source, target }: { readonly source: TransferSource; readonly target: TransferTarget },
  {
    sourceStore,
    targetStore,
  }: { readonly sourceStore: UsageStore; readonly targetStore: UsageStore },
  counts: RowCounts,
  onProgress: (progress: ProofProgress) => void,
): Promise<TransferProof> {
  const differences = new Differences()
  const rows: Record<string, number> = {}
  for (const table of TABLES) {
    const { name } = table
    rows[name] = await target.countRows(table)
    if (rows[name] !== counts[name]) {
      differences.add(`${name}: ${counts[name]} rows in the source, ${rows[name]} in the target`)
    }
  }
  const accounts = (await sourceStore.listAccounts()).map(
    ({ id, sid }): Asked => ({ words: `account ${sid}`, scope: { accountId: id } }),
  )
  const { sims, simsTotal } = await sampleSims(sourceStore, counts.sim!)
  const bounds = await source.ledgerBounds()
  const period = bounds === null ? null : { start: bounds.first, end: bounds.last + DAY_SECONDS }
  const everybody = [...accounts, ...sims]
  if (period !== null) {
    let compared = 0
    const asking = everybody.values()
    const askInTurn = async () => {
      for (const asked of asking) {
        await compareAnswers({ sourceStore, targetStore }, asked, period, differences)
        onProgress({ compared: ++compared, total: everybody.length })
      }
    }
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askInTurn))
  }
  const audit = await targetStore.audit()
  for (const { table, cell, stored, recomputed } of audit.differences) {
    differences.add(`${table}, ${cell}: stored ${stored}, from the ledger ${recomputed}`)
  }
  return {
    rows,
    accounts: accounts.length,
    sims: sims.length,
    simsTotal,
    period,
    answers: period === null ? 0 : everybody.length * GRANULARITIES.length,
    audit: { ledgerRows: audit.ledgerRows, cellsChecked: audit.cellsChecked },
    differences: differences.first,
    differenceCount: differences.count,
  }
}

class Differences {
  readonly first: string[] = []
  count = 0

  add(words: string): void {
    this.count++
    if (this.first.length < PROOF_DIFFERENCES_MAX) this.first.push(words)
  }
}

/** All SIMs if there are few, otherwise a sample taken at equal steps in the order of their ids. */
async function sampleSims(
  store: UsageStore,
  simsTotal: number,
): Promise<{ readonly sims: readonly Asked[]; readonly simsTotal: number }> {
  const wanted = Math.min(simsTotal, PROOF_SIMS_MAX)
  const sims: Asked[] = []
  let position = 0
  for (let afterId = 0; ; ) {
    const page = await store.listSims({}, { limit: PAGE_SIMS, afterId })
    for (const { id, sid } of page) {
      if (position === Math.floor((sims.length * simsTotal) / wanted)) {
        sims.push({ words: `SIM ${sid}`, scope: { simId: id } })
      }
      position++
    }
    if (page.length < PAGE_SIMS) return { sims, simsTotal }
    afterId = page.at(-1)!.id
  }
}

async function compareAnswers(
  {
    sourceStore,
    targetStore,
  }: { readonly sourceStore: UsageStore; readonly targetStore: UsageStore },
  { words, scope }: Asked,
  period: { readonly start: number; readonly end: number },
  differences: Differences,
): Promise<void> {
  for (const granularity of GRANULARITIES) {
    const query = { scope, ...period, granularity }
    const [given, got] = await Promise.all([
      sourceStore.queryUsage(query),
      targetStore.queryUsage(query),
    ])
    const before = given.map(inWords)
    const after = got.map(inWords)
    const at = before.findIndex((line, i) => line !== after[i])
    if (at < 0 && before.length === after.length) continue
    const first = at < 0 ? before.length : at
    differences.add(
      `${words}, ${granularity}: ${before[first] ?? 'nothing more'} in the source, ` +
        `${after[first] ?? 'nothing more'} in the target`,
    )
  }
}

function inWords(group: UsageGroup): string {
  const { bucketStart, zone, country } = group
  return `${formatInstant(bucketStart)} ${zone} ${country ?? '-'} ${countersInWords(group)}`
}
