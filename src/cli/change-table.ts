/** What would change by account, SIM, zone and country: for programs and for people. */
import { addCounters, counterValues, type EachCounter } from '../domain/counters.ts'
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { Sum } from '../domain/sums.ts'
import { NO_USAGE } from '../domain/usage-query.ts'
import type { UsageChange } from '../storage/usage-store.ts'
import { COUNTER_TITLES, formatCount } from './quantity-text.ts'
import { textTable } from './text-table.ts'

/** The type definitions do not have it yet. */
const { rawJSON } = JSON as JSON & { rawJSON(text: string): unknown }

/** Rows that a person sees; JSON has all of them. */
const CHANGES_SHOWN_MAX = 100

/** One line. Changes can pass 2^53, so their digits are written as they are. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? rawJSON(String(inner)) : inner,
  )
}

const TITLES = ['ACCOUNT', 'SIM', 'WHERE', ...COUNTER_TITLES]
const ALIGNMENTS = TITLES.map((_, i) => (i < 3 ? 'left' : 'right'))

/** Each account's total and, below it, its SIMs by zone and country, up to as many rows as a person reads. */
export function changeTable(changes: readonly UsageChange[]): string[] {
  const shown = changes.slice(0, CHANGES_SHOWN_MAX)
  const rows = [...Map.groupBy(shown, ({ accountSid }) => accountSid).keys()].flatMap((account) => {
    const ofAccount = changes.filter(({ accountSid }) => accountSid === account)
    return [
      row([account, '', 'total'], ofAccount.reduce(addCounters, NO_USAGE)),
      ...shown
        .filter(({ accountSid }) => accountSid === account)
        .map(({ simSid, zone, country, ...differences }) => {
          const where = country === null ? zone : `${zone} ${countryCodeAlpha3(country)}`
          return row(['', simSid, where], differences)
        }),
    ]
  })
  const others = changes.length - CHANGES_SHOWN_MAX
  const more = others > 0 ? [`  and ${formatCount(others)} more: --json has all`] : []
  return [...textTable([TITLES, ...rows], ALIGNMENTS), ...more]
}

function row(names: readonly string[], differences: EachCounter<Sum>): string[] {
  return [
    ...names,
    ...counterValues(differences).map((count) =>
      count > 0 ? `+${formatCount(count)}` : formatCount(count),
    ),
  ]
}
