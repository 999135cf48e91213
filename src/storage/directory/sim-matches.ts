/** Which SIMs the names in records mean, and whose they were when. */
import { effectiveHomeSet, type HomeSet } from '../../domain/classification.ts'
import { type SimIdentity, type SimNameKind, simIdentities } from '../../domain/identifiers.ts'
import type { NameScope } from '../../domain/sim-names.ts'
import { ALWAYS_HELD, HOLDS_STILL } from '../../domain/timeline.ts'
import { homeSetFromRow, type Row } from '../rows.ts'
import { all, type Steps } from '../session.ts'

/** What it takes to resolve a record's `sim`: the ids to book under, and the home set to apply. */
export interface SimMatch {
  readonly simId: number
  readonly accountId: number
  /** The SIM's effective home set: its own, else its account's. */
  readonly home: HomeSet
  /**
   * For a SIM that has moved: what the name means at which time. The first that fits counts; at any other
   * time it means nothing.
   */
  readonly tenures?: readonly SimTenure[]
}

export interface SimTenure extends Omit<SimMatch, 'tenures'> {
  /** UTC seconds, inclusive. */
  readonly startedAt: number
  /** UTC seconds, exclusive. */
  readonly endedAt: number
}

const HOMES = `
  sim.home_plmns, sim.home_countries, account.home_plmns AS account_home_plmns,
  account.home_countries AS account_home_countries`

/** Which names of a kind match which SIMs. Parameters: a list of names; the account, or null. */
const SELECT_SIM_MATCHES: Readonly<Record<SimNameKind, string>> = {
  sid: matchesBy('sim.sid'),
  iccid: matchesBy('sim.iccid'),
  imsi: matchesBy('sim_imsi.imsi', { join: 'JOIN sim_imsi ON sim_imsi.sim_id = sim.id' }),
  msisdn: matchesBy('sim.msisdn'),
  // A name that one account has given a SIM means nothing to another.
  unique_name: matchesBy('sim.unique_name', { orOnceHad: '' }),
}

function matchesBy(
  column: string,
  {
    join = '',
    orOnceHad = `OR EXISTS (SELECT 1 FROM sim_tenure AS held
                            WHERE held.sim_id = sim.id AND held.account_id = ?2)`,
  } = {},
): string {
  return `
    SELECT ${column} AS name, sim.id, sim.account_id, ${HOMES},
           EXISTS (SELECT 1 FROM sim_tenure WHERE sim_tenure.sim_id = sim.id) AS has_moved
    FROM sim ${join} JOIN account ON account.id = sim.account_id
    WHERE ${column} = ANY (?1)
      AND (?2::bigint IS NULL OR sim.account_id = ?2 ${orOnceHad})`
}

const TENURE_COLUMNS = `
  tenure.sim_id AS id, tenure.account_id, tenure.started_at, tenure.ended_at, ${HOMES}
  FROM sim_tenure AS tenure
  JOIN sim ON sim.id = tenure.sim_id
  JOIN account ON account.id = tenure.account_id`

/** Parameters: a list of SIMs; the account, or null. */
const SELECT_TENURES = `
  SELECT ${TENURE_COLUMNS}
  WHERE tenure.sim_id = ANY (?1::bigint[]) AND (?2::bigint IS NULL OR tenure.account_id = ?2)
  ORDER BY tenure.started_at`
/** For SIMs that left an account under these names. Parameters: the names, the account. */
const SELECT_LEFT_UNDER = `
  SELECT tenure.unique_name AS name, ${TENURE_COLUMNS}
  WHERE tenure.unique_name = ANY (?1) AND tenure.account_id = ?2
  ORDER BY tenure.started_at`

/** Two SIMs match a name, so it means neither. */
const AMBIGUOUS = Symbol('ambiguous')

type Found = Row | typeof AMBIGUOUS

/** One question per kind for any number of names, and two more if SIMs have moved. */
export function* resolveSims(
  names: readonly string[],
  { accountId, kinds }: NameScope,
): Steps<Map<string, SimMatch>> {
  const identities = names.map((name) => simIdentities(name, kinds))
  const values = new Map<SimNameKind, Set<string>>()
  for (const { kind, value } of identities.flat()) {
    const ofKind = values.get(kind)
    if (ofKind === undefined) values.set(kind, new Set([value]))
    else ofKind.add(value)
  }
  const rows = new Map<SimNameKind, Map<string, Found>>()
  for (const [kind, asked] of values) {
    const ofKind = new Map<string, Found>()
    for (const row of yield* all(SELECT_SIM_MATCHES[kind], [[...asked], accountId])) {
      const name = row.name as string
      ofKind.set(name, ofKind.has(name) ? AMBIGUOUS : row)
    }
    rows.set(kind, ofKind)
  }
  const found = [...rows.values()].flatMap((ofKind) => [...ofKind.values()])
  const tenures = yield* tenuresOfMoved(found, accountId)
  const left = yield* leftUnder([...(values.get('unique_name') ?? [])], accountId)
  const homes = new Homes()
  const matchOf = ({ kind, value }: SimIdentity): SimMatch | typeof AMBIGUOUS | undefined => {
    const row = rows.get(kind)?.get(value)
    if (row === AMBIGUOUS) return AMBIGUOUS
    const before = (kind === 'unique_name' && left.get(value)) || []
    const present = row && { ...numbersOf(row), home: homes.of(row) }
    return matchFrom(present, row && tenures.get(row.id as number), before)
  }
  const matches = new Map<string, SimMatch>()
  for (const [i, list] of identities.entries()) {
    const first = list.map(matchOf).find(isKnown)
    if (first !== undefined && first !== AMBIGUOUS) matches.set(names[i]!, first)
  }
  return matches
}

function isKnown<T>(match: T | undefined): match is T {
  return match !== undefined
}

/** By the ids of SIMs that have moved, in order of time. */
function* tenuresOfMoved(
  rows: readonly Found[],
  accountId: number | null,
): Steps<ReadonlyMap<number, SimTenure[]>> {
  const ids = rows.flatMap((row) =>
    // SQLite uses numbers for booleans.
    row !== AMBIGUOUS && Number(row.has_moved) === 1 ? [row.id as number] : [],
  )
  if (ids.length === 0) return new Map()
  const found = (yield* all(SELECT_TENURES, [[...new Set(ids)], accountId])).map(tenureFromRow)
  return Map.groupBy(found, ({ simId }) => simId)
}

/** By the names under which SIMs left the account. */
function* leftUnder(
  names: readonly string[],
  accountId: number | null,
): Steps<ReadonlyMap<string, SimTenure[]>> {
  if (accountId === null || names.length === 0) return new Map()
  const rows = yield* all(SELECT_LEFT_UNDER, [names, accountId])
  const byName = Map.groupBy(rows, ({ name }) => name as string)
  return new Map([...byName].map(([name, list]) => [name, list.map(tenureFromRow)]))
}

/** `before` are tenures that ended with the name, which may belong to another SIM since. */
function matchFrom(
  present: Omit<SimMatch, 'tenures'> | undefined,
  tenures: readonly SimTenure[] | undefined,
  before: readonly SimTenure[],
): SimMatch | undefined {
  if (tenures === undefined && before.length === 0) return present
  const always = { startedAt: ALWAYS_HELD, endedAt: HOLDS_STILL }
  const own = tenures ?? (present === undefined ? [] : [{ ...present, ...always }])
  const { simId, accountId, home } = [...before, ...own].at(-1)!
  return { simId, accountId, home, tenures: [...before, ...own] }
}

/** The home sets of rows. Most SIMs have equal ones, which share one object. */
class Homes {
  readonly #known = new Map<string, HomeSet>()

  of(row: Row): HomeSet {
    const { home_plmns, home_countries, account_home_plmns, account_home_countries } = row
    const text = `${home_plmns}|${home_countries}|${account_home_plmns}|${account_home_countries}`
    let home = this.#known.get(text)
    if (home === undefined) {
      home = effectiveHomeSet(
        homeSetFromRow(home_plmns, home_countries),
        homeSetFromRow(account_home_plmns, account_home_countries),
      )
      this.#known.set(text, home)
    }
    return home
  }
}

function numbersOf(row: Row): Pick<SimMatch, 'simId' | 'accountId'> {
  return { simId: row.id as number, accountId: row.account_id as number }
}

function tenureFromRow(row: Row): SimTenure {
  return {
    ...numbersOf(row),
    home: new Homes().of(row),
    startedAt: row.started_at as number,
    endedAt: row.ended_at as number,
  }
}
