/** The view's filters, each with a button that removes it. */
import { countryName } from '../format/country.ts'
import { zoneName } from '../format/zone.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { FILTERS, type Filter, withFilter } from '../state/view.ts'

const NAMES: Readonly<Record<Filter, string>> = {
  ...{ zone: 'Zone', country: 'Country', network: 'Network', group: 'Group' },
  ...{ label: 'Label', sim: 'SIM', feed: 'Feed' },
}

export function Chips() {
  const { filters } = view.value
  const given = FILTERS.filter((name) => filters[name] !== undefined)
  if (given.length === 0) return null
  return (
    <ul class="chips" aria-label="Filters">
      {given.map((name) => (
        <li key={name}>
          <a href={hrefOf(withFilter(view.value, name, null))}>
            <span class="unseen">Remove </span>
            {NAMES[name]}: <strong>{filterText(name, filters[name]!)}</strong> ✕
          </a>
        </li>
      ))}
      {given.length > 1 && (
        <li>
          <a href={hrefOf({ filters: {} })}>Remove all</a>
        </li>
      )}
    </ul>
  )
}

function filterText(name: Filter, value: string): string {
  if (name === 'country') return countryName(value)
  return name === 'zone' ? zoneName(value) : value
}
