/**
 * The tree that a usage record shows: totals on top, and below them home, national roaming and one branch
 * per country abroad. For every counter, top = home + national roaming + Σ international.
 */
import { addCounters, countersOf } from './counters.ts'
import { type CountryCode, INTERNATIONAL_COUNTRY } from './country.ts'
import { NO_USAGE, type UsageGroup, type UsageSums } from './usage-query.ts'

export interface UsageTree {
  readonly total: UsageSums
  readonly home: UsageSums
  readonly nationalRoaming: UsageSums
  /** One entry per country with usage, in no particular order. */
  readonly internationalRoaming: readonly CountryUsage[]
}

export interface CountryUsage {
  readonly country: CountryCode
  readonly sums: UsageSums
}

/** Builds the tree of one bucket from its groups, in any order and number. */
export function buildUsageTree(groups: readonly UsageGroup[]): UsageTree {
  let home = NO_USAGE
  let nationalRoaming = NO_USAGE
  let total = NO_USAGE
  const abroad = new Map<CountryCode, UsageSums>()
  for (const group of groups) {
    total = plus(total, group)
    if (group.zone === 'home') home = plus(home, group)
    else if (group.zone === 'national_roaming') nationalRoaming = plus(nationalRoaming, group)
    else {
      const country = group.country ?? INTERNATIONAL_COUNTRY
      abroad.set(country, plus(abroad.get(country) ?? NO_USAGE, group))
    }
  }
  return {
    total,
    home,
    nationalRoaming,
    internationalRoaming: [...abroad].map(([country, sums]) => ({ country, sums })),
  }
}

/** As `addCounters`. Most branches have a single group, to which nothing has to be added. */
function plus(sums: UsageSums, group: UsageGroup): UsageSums {
  return sums === NO_USAGE ? countersOf(group) : addCounters(sums, group)
}
