/** The list of SIMs as lines of CSV or NDJSON: one page, or all that follow, piece by piece. */
import type { Sim } from '../domain/directory.ts'
import { formatInstant } from '../domain/time.ts'
import type { SimFilter, UsageStore } from '../storage/usage-store.ts'
import type { AnswerFormat } from './answer-format.ts'
import { csvLine } from './csv-line.ts'
import { type KeysetPage, type KeysetRows, keysetPageRequest, keysetRows } from './keyset-page.ts'
import { simToApi } from './schemas/sim.ts'

/** A piece of this size takes a few milliseconds to write, and about 1 kB of memory per SIM. */
export const PIECE_SIMS = 1_000

/** The fields on the wire that carry information here, in the order in which people look for them. */
const COLUMNS = [
  ...['sid', 'account_sid', 'unique_name', 'friendly_name', 'iccid', 'status'],
  ...['date_created', 'date_updated'],
]

export interface SimLinesOptions {
  readonly store: Pick<UsageStore, 'listSims'>
  readonly filter: SimFilter
  readonly format: Exclude<AnswerFormat, 'json'>
  readonly baseUrl: string
  /** Whether to continue after the page, up to the last SIM. */
  readonly isWhole: boolean
  /** Resolves when the next piece may be requested. */
  readonly nextTurn: () => Promise<void>
}

/** The first piece is requested at once, so this promise fails if that request does. */
export async function simLines(
  page: KeysetPage,
  options: SimLinesOptions,
): Promise<AsyncGenerator<string, void, undefined>> {
  const { store, filter, format, baseUrl, isWhole } = options
  const pieceOf = (of: KeysetPage): Promise<KeysetRows<Sim>> =>
    keysetRows(of, (limit) => store.listSims(filter, keysetPageRequest(of, limit)))
  const start = isWhole ? { ...page, pageSize: PIECE_SIMS } : page
  const first = await pieceOf(start)
  return goOn()

  async function* goOn() {
    let { rows, next } = first
    if (format === 'csv') yield `${COLUMNS.join(',')}\n`
    while (true) {
      yield rows.map((sim) => `${format === 'csv' ? simCsv(sim) : simNdjson(sim)}\n`).join('')
      if (!isWhole || next === null) return
      await options.nextTurn()
      ;({ rows, next } = await pieceOf({ ...start, cursor: next, backwards: false }))
    }
  }

  function simNdjson(sim: Sim): string {
    return JSON.stringify(simToApi(sim, baseUrl))
  }
}

function simCsv(sim: Sim): string {
  return csvLine([
    ...[sim.sid, sim.accountSid, sim.uniqueName ?? '', sim.friendlyName ?? ''],
    ...[sim.iccid ?? '', sim.status],
    ...[formatInstant(sim.createdAt), formatInstant(sim.updatedAt)],
  ])
}
