/**
 * The tree a usage record shows: totals on top, below them home, national roaming and one branch
 * a country abroad. Top = home + national roaming + Σ international, for every counter.
 */
import { type CountryCode, INTERNATIONAL_COUNTRY } from './country.ts'
import { addUsage, NO_USAGE, type UsageGroup, type UsageSums } from './usage-query.ts'

export interface UsageTree {
  readonly total: UsageSums
  readonly home: UsageSums
  readonly nationalRoaming: UsageSums
  /** One entry a country with usage, in no particular order. */
  readonly internationalRoaming: readonly CountryUsage[]
}

export interface CountryUsage {
  readonly country: CountryCode
  readonly sums: UsageSums
}

/** Builds the tree of one bucket from its groups, which may come in any order and number. */
export function buildUsageTree(groups: readonly UsageGroup[]): UsageTree {
  let home = NO_USAGE
  let nationalRoaming = NO_USAGE
  let total = NO_USAGE
  const abroad = new Map<CountryCode, UsageSums>()
  for (const group of groups) {
    total = addUsage(total, group)
    if (group.zone === 'home') home = addUsage(home, group)
    else if (group.zone === 'national_roaming') nationalRoaming = addUsage(nationalRoaming, group)
    else {
      const country = group.country ?? INTERNATIONAL_COUNTRY
      abroad.set(country, addUsage(abroad.get(country) ?? NO_USAGE, group))
    }
  }
  return {
    total,
    home,
    nationalRoaming,
    internationalRoaming: [...abroad].map(([country, sums]) => ({ country, sums })),
  }
}
