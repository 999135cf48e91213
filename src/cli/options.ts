/** Options that several commands share. Each meaning has one name and one text, written here. */
import { type Command, Option } from 'commander'
import { parseCountry } from '../domain/country.ts'
import { parseName } from '../domain/directory.ts'
import { parseReason } from '../domain/feed-statements.ts'
import { parseCountryList, parsePlmnList } from '../domain/home-set.ts'
import { parseLabel } from '../domain/sim-group.ts'
import { invalidField } from '../domain/usage-error.ts'
import { ZONES } from '../domain/usage-event.ts'
import { flag, instantFlag, sidFlag, wholeNumberFlag } from './option-values.ts'

/** More than a person reads or a script needs at once. Its only purpose is to keep the number exact. */
export const LIST_COUNT_MAX = 1_000_000_000

export interface LimitOption {
  readonly limit?: number
}

export interface SearchOption {
  readonly search?: string
}

/** The limit of a list. Without a default, everything is shown. */
export function limitOption(countDefault?: number): Option {
  const option = new Option('--limit <count>', 'show at most this many').argParser(
    wholeNumberFlag('--limit', 1, LIST_COUNT_MAX),
  )
  return countDefault === undefined ? option : option.default(countDefault)
}

export function searchOption(): Option {
  return new Option('--search <text>', 'only those whose name contains this')
}

export function accountFilter(): Option {
  return new Option('--account <sid>', 'of this account only').argParser(sidFlag('--account', 'AC'))
}

/** For a command that does something for an account. */
export function accountOption(): Option {
  return new Option('--account <sid>', 'the account, AC…').argParser(sidFlag('--account', 'AC'))
}

export function feedFilter(): Option {
  return new Option('--feed <name>', 'of this feed only')
}

export function feedOption(): Option {
  return new Option('--feed <name>', 'the feed')
}

export function reasonOption(): Option {
  return new Option('--reason <text>', 'why').argParser(flag('--reason', parseReason))
}

export function byOption(): Option {
  return new Option('--by <name>', 'who says so').argParser(
    flag('--by', (field, text) => {
      const name = parseName(field, text)
      if (name !== '') return name
      throw invalidField(field, text, 'expected the name of a person')
    }),
  )
}

export function sinceOption(): Option {
  return new Option('--since <time>', 'from this time on').argParser(instantFlag('--since'))
}

export function groupFilter(): Option {
  return new Option('--group <group>', 'of this group only')
}

export function labelFilter(): Option {
  return new Option('--label <label>', 'of SIMs with this label only: key=value').argParser(
    flag('--label', (field, text) => parseLabel(text, field)),
  )
}

export function zoneFilter(): Option {
  return new Option('--zone <zone>', 'in this zone only').choices(ZONES)
}

export function countryFilter(): Option {
  return new Option('--country <code>', 'in this country only: FRA or FR').argParser(
    flag('--country', (field, text) => {
      const country = parseCountry(text)
      if (country !== null) return country
      throw invalidField(field, text, 'expected an ISO 3166-1 country code, such as FRA or FR')
    }),
  )
}

export function granularityOption(granularities: readonly string[]): Option {
  return new Option('--granularity <granularity>', 'one record, or one for each hour, day or month')
    .choices(granularities)
    .default('all')
}

export function csvOption(): Option {
  return new Option('--csv', 'print CSV').conflicts('json')
}

/** The period of a question about usage. */
export function periodOptions(): Option[] {
  return [
    new Option('--start <time>', 'from here on; one month before the end').argParser(
      instantFlag('--start'),
    ),
    new Option('--end <time>', 'up to here; now').argParser(instantFlag('--end')),
  ]
}

/** Where SIMs are at home. */
export function homeOptions(): Option[] {
  return [
    new Option('--home-plmns <list>', 'home networks as MCC-MNC').argParser(
      flag('--home-plmns', parsePlmnList),
    ),
    new Option('--home-countries <list>', 'home countries, ISO 3166-1').argParser(
      flag('--home-countries', parseCountryList),
    ),
  ]
}

export function statusOption(statuses: readonly string[]): Option {
  return new Option('--status <status>', 'in this status only').choices(statuses)
}

export function dryRunOption(): Option {
  return new Option('--dry-run', 'only show what would change')
}

export function batchSizeOption(countMax: number): Option {
  return new Option('--batch-size <count>', 'how many in one transaction').argParser(
    wholeNumberFlag('--batch-size', 1, countMax),
  )
}

export function forceOption(): Option {
  return new Option('--force', 'replace what is there')
}

export function jsonOption(entry?: string): Option {
  return new Option(
    '--json',
    entry === undefined ? 'print JSON' : `print JSON, one ${entry} per line`,
  )
}

/** Adds the options in order. */
export function withOptions(command: Command, ...options: readonly Option[]): Command {
  for (const option of options) command.addOption(option)
  return command
}

/** True if a name contains the text, ignoring case. */
export function matches({ search }: SearchOption, ...names: readonly (string | null)[]): boolean {
  if (search === undefined) return true
  const wanted = search.toLowerCase()
  return names.some((name) => name?.toLowerCase().includes(wanted))
}
