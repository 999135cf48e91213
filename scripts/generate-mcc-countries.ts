/**
 * Writes `src/domain/mcc-countries.ts`, the country of every mobile network, from `mcc-mnc-list`. Needs no
 * network. `--check` writes nothing, and exits with 1 if the file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseCountry } from '../src/domain/country.ts'
import {
  type Decisions,
  KEPT_AT_DEFAULT,
  MCC_ADDITIONS,
  MCC_OVERRIDES,
  PLMN_OVERRIDES,
} from './mcc-country-decisions.ts'

/** A row of `mcc-mnc-list`. A network may have several, with different countries. */
export interface ListedNetwork {
  readonly mcc: string
  readonly mnc: string
  /** Alpha-2, several of them (`YT/RE`), a region (`GE-AB`), or null for international codes. */
  readonly countryCode: string | null
  readonly brand: string | null
  readonly operator: string | null
  readonly notes: string | null
}

export interface CountryTables {
  readonly mccs: ReadonlyMap<string, string>
  readonly plmns: ReadonlyMap<string, string>
}

const DECISIONS: Decisions = {
  mccOverrides: MCC_OVERRIDES,
  mccAdditions: MCC_ADDITIONS,
  plmnOverrides: PLMN_OVERRIDES,
  keptAtDefault: KEPT_AT_DEFAULT,
}

const OUTPUT_PATH = fileURLToPath(new URL('../src/domain/mcc-countries.ts', import.meta.url))

/** Throws one error that names everything that the list leaves open and the decisions do not settle. */
export function buildCountryTables(
  networks: readonly ListedNetwork[],
  decisions: Decisions = DECISIONS,
): CountryTables {
  const problems: string[] = []
  const mccs = countriesOfMccs(networks, decisions, problems)
  const plmns = countriesOfPlmns(networks, mccs, decisions, problems)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return { mccs: sorted(mccs), plmns: sorted(plmns) }
}

function countriesOfMccs(
  networks: readonly ListedNetwork[],
  decisions: Decisions,
  problems: string[],
): Map<string, string> {
  const countries = new Map<string, string>()
  const overrides = new Map<string, string>()
  const listed = Map.groupBy(networks, (network) => network.mcc)
  for (const { mccs, country } of decisions.mccOverrides) {
    if (!isCountry(country)) problems.push(`override of MCC ${mccs}: ${country} is no country`)
    for (const mcc of mccs) {
      if (overrides.has(mcc)) problems.push(`MCC ${mcc} has two overrides`)
      if (!listed.has(mcc)) problems.push(`MCC ${mcc} has an override, but is not in the list`)
      overrides.set(mcc, country)
    }
  }
  for (const [mcc, rows] of listed) {
    if (!/^\d{3}$/.test(mcc)) problems.push(`MCC ${JSON.stringify(mcc)} is not three digits`)
    const country = overrides.get(mcc) ?? onlyCountry(mcc, rows, problems)
    if (country !== null) countries.set(mcc, country)
  }
  for (const { mcc, country } of decisions.mccAdditions) {
    if (!isCountry(country)) problems.push(`addition of MCC ${mcc}: ${country} is no country`)
    if (countries.has(mcc)) problems.push(`MCC ${mcc} is an addition, but the list has it already`)
    countries.set(mcc, country)
  }
  return countries
}

function onlyCountry(
  mcc: string,
  rows: readonly ListedNetwork[],
  problems: string[],
): string | null {
  const codes = [...new Set(rows.map((row) => row.countryCode ?? 'no country'))]
  if (codes.length === 1 && isCountry(codes[0]!)) return codes[0]!
  const what = codes.length === 1 ? 'not an ISO 3166-1 alpha-2 code' : 'more than one answer'
  problems.push(`MCC ${mcc} is listed as ${codes.join(', ')}: ${what}, add it to MCC_OVERRIDES`)
  return null
}

function countriesOfPlmns(
  networks: readonly ListedNetwork[],
  mccs: ReadonlyMap<string, string>,
  decisions: Decisions,
  problems: string[],
): Map<string, string> {
  const countries = new Map<string, string>()
  const kept = new Set(decisions.keptAtDefault.map(({ plmn }) => plmn))
  const listed = Map.groupBy(networks, (network) => `${network.mcc}-${network.mnc}`)
  for (const { plmn, country, named } of decisions.plmnOverrides) {
    const standard = mccs.get(plmn.slice(0, 3))
    const rows = listed.get(plmn) ?? []
    if (!isCountry(country)) problems.push(`override of ${plmn}: ${country} is no country`)
    if (country === standard) problems.push(`${plmn} is ${country} without an override`)
    if (countries.has(plmn)) problems.push(`${plmn} has two overrides`)
    if (!rows.some((row) => codesOf(row).includes(country))) {
      problems.push(`${plmn} has an override, but the list never places it in ${country}`)
    }
    for (const row of rows) {
      if (agrees(row, { country, standard, named })) continue
      problems.push(`${plmn} cannot be ${country} alone: a row says ${JSON.stringify(row)}`)
    }
    countries.set(plmn, country)
  }
  for (const plmn of kept) {
    if (!listed.has(plmn)) problems.push(`${plmn} is kept at its default, but is not in the list`)
  }
  for (const [plmn, rows] of listed) {
    const standard = mccs.get(plmn.slice(0, 3))
    if (standard === undefined || countries.has(plmn) || kept.has(plmn)) continue
    const codes = rows.flatMap(codesOf).filter(isCountry)
    if (codes.length === 0 || codes.includes(standard)) continue
    problems.push(
      `${plmn} is listed as ${codes.join(', ')}, never as ${standard}: ` +
        'add it to PLMN_OVERRIDES or KEPT_AT_DEFAULT',
    )
  }
  return countries
}

/**
 * A row agrees if it lists only the territory. The list repeats many territories' networks under the country
 * whose MCC they use; such a row agrees if its text names the territory.
 */
function agrees(
  row: ListedNetwork,
  override: { country: string; standard: string | undefined; named: string },
): boolean {
  const codes = codesOf(row)
  if (codes.length === 1 && codes[0] === override.country) return true
  const related = codes.some((code) => code === override.country || code === override.standard)
  const text = [row.brand, row.operator, row.notes].join(' ')
  return related && text.includes(override.named)
}

function codesOf(row: ListedNetwork): string[] {
  return row.countryCode === null ? [] : row.countryCode.split('/')
}

function isCountry(code: string): boolean {
  return parseCountry(code) === code
}

function sorted(countries: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...countries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The generated file, formatted as Biome formats it. */
export function renderCountryTables(tables: CountryTables, version: string): string {
  return `// Generated by scripts/generate-mcc-countries.ts from mcc-mnc-list ${version} (MIT). Do not edit:
// change scripts/mcc-country-decisions.ts and run \`npm run generate:countries\`.
import type { CountryCode } from './country.ts'

/** The country of each MCC; ZZ where it belongs to none. */
export const MCC_COUNTRIES: ReadonlyMap<string, CountryCode> = new Map([
${renderEntries(tables.mccs)}
] as [string, CountryCode][])

/** Networks that stand in another country than their MCC's. */
export const PLMN_COUNTRIES: ReadonlyMap<string, CountryCode> = new Map([
${renderEntries(tables.plmns)}
] as [string, CountryCode][])
`
}

function renderEntries(countries: ReadonlyMap<string, string>): string {
  return [...countries].map(([key, country]) => `  ['${key}', '${country}'],`).join('\n')
}

export function generateMccCountries(): string {
  const require = createRequire(import.meta.url)
  const networks = require('mcc-mnc-list/mcc-mnc-list.json') as ListedNetwork[]
  const { version } = require('mcc-mnc-list/package.json') as { version: string }
  return renderCountryTables(buildCountryTables(networks), version)
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: { check: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const path = positionals[0] ?? OUTPUT_PATH
  const text = generateMccCountries()
  if (!values.check) {
    writeFileSync(path, text)
    console.log(`wrote ${path}`)
  } else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what the script generates: run npm run generate:countries`)
    process.exitCode = 1
  }
}

if (import.meta.main) {
  try {
    main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
