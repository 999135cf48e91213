/** The question that a request for usage records of the Super SIM API asks, from its parameters. */
import { type Static, Type } from 'typebox'
import { type CountryCode, parseCountry } from '../../domain/country.ts'
import type { Account } from '../../domain/directory.ts'
import type { UsageWindow } from '../../domain/period.ts'
import type { Plmn } from '../../domain/plmn.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import { invalidField } from '../../domain/usage-error.ts'
import {
  LEDGER_QUESTION_MAX_SECONDS,
  readsTooMuch,
  type UsageDimension,
  type UsageQuestion,
} from '../../domain/usage-question.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { HttpError } from '../error-reply.ts'
import { pageParameters } from '../list-page.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { INSTANT_RULE, readInstant } from '../usage-page.ts'
import { parameter } from '../validation.ts'
import { fleetNamed } from './fleet-lookup.ts'
import { plmnOfNetworkSid } from './network-sid.ts'
import { isoCountryParameter } from './networks.ts'
import {
  SUPER_SIM_GRANULARITIES,
  type SuperSimGranularity,
  superSimWindow,
} from './usage-window.ts'

/** By their names on the wire. */
export const SUPER_SIM_GROUPS = {
  sim: 'sim',
  fleet: 'group',
  network: 'network',
  isoCountry: 'country',
} as const satisfies Record<string, UsageDimension>
export type SuperSimGroup = keyof typeof SUPER_SIM_GROUPS

const oneOf = (name: string, values: object) =>
  parameter(name, `expected ${Object.keys(values).join(', ')}`, (text) =>
    Object.hasOwn(values, text),
  )

const instantParameter = (name: string) =>
  parameter(name, INSTANT_RULE, (text) => readInstant(text) !== null)

export const superSimUsageQuery = Type.Object(
  {
    ...accountSidParameter,
    Sim: Type.Optional(Type.String({ description: 'the SID or unique name of a SIM' })),
    Fleet: Type.Optional(
      Type.String({
        description: 'the SID or unique name of a fleet: SIMs in it when they used it',
      }),
    ),
    Network: Type.Optional(
      parameter(
        'Network',
        'expected the SID of a network as the list of networks gives it',
        (text) => plmnOfNetworkSid(text) !== null,
      ),
    ),
    IsoCountry: Type.Optional(isoCountryParameter),
    Group: Type.Optional(oneOf('Group', SUPER_SIM_GROUPS)),
    Granularity: Type.Optional(oneOf('Granularity', SUPER_SIM_GRANULARITIES)),
    StartTime: Type.Optional(instantParameter('StartTime')),
    EndTime: Type.Optional(instantParameter('EndTime')),
    ...pageParameters,
  },
  {
    refused: {
      Start: 'this is how the API at the root calls it; here it is StartTime',
      End: 'this is how the API at the root calls it; here it is EndTime',
    },
  },
)

export type SuperSimUsageQuery = Static<typeof superSimUsageQuery>

/** A SIM or a fleet by which usage is filtered. */
export interface Named {
  readonly id: number
  readonly sid: string
}

export interface SuperSimQuestion {
  readonly window: UsageWindow
  readonly group: SuperSimGroup | null
  readonly sim: Named | null
  readonly fleet: Named | null
  readonly plmn: Plmn | null
  readonly country: CountryCode | null
}

/**
 * From a query that `superSimUsageQuery` accepted. Throws the error for a period that is not answered, and
 * `invalid` for a SIM or a fleet that the account does not have.
 */
export async function superSimQuestion(
  store: Pick<UsageStore, 'findHeldSim' | 'findGroup'>,
  account: Account,
  query: SuperSimUsageQuery,
  now: number,
): Promise<SuperSimQuestion> {
  const { Sim, Fleet, Network, IsoCountry, Granularity, StartTime, EndTime } = query
  const group = (query.Group ?? null) as SuperSimGroup | null
  const window = superSimWindow(
    {
      start: StartTime === undefined ? null : readInstant(StartTime),
      end: EndTime === undefined ? null : readInstant(EndTime),
      granularity: (Granularity ?? 'all') as SuperSimGranularity,
      isGroupedBySim: group === 'sim',
    },
    now,
  )
  const sim = Sim === undefined ? null : await store.findHeldSim(account.id, Sim)
  if (sim === null && Sim !== undefined) throw invalidField('Sim', Sim, 'there is no such SIM')
  const fleet = Fleet === undefined ? null : await fleetNamed(store, account.id, Fleet)
  const question: SuperSimQuestion = {
    window,
    group,
    sim: sim && { id: sim.id, sid: sim.sid },
    fleet: fleet && { id: fleet.id, sid: fleet.sid },
    plmn: Network === undefined ? null : plmnOfNetworkSid(Network),
    country: IsoCountry === undefined ? null : parseCountry(IsoCountry),
  }
  requireAnswerable(toDomain(question, account.id, window))
  return question
}

/** The question to the store, for a part of the window. */
export function toDomain(
  { window, group, sim, fleet, plmn, country }: SuperSimQuestion,
  accountId: number,
  { start, end }: { readonly start: number; readonly end: number },
): UsageQuestion {
  return {
    accountId,
    start,
    end,
    granularity: window.granularity,
    filter: {
      ...(sim !== null && { simId: sim.id }),
      ...(fleet !== null && { groupId: fleet.id }),
      ...(plmn !== null && { plmn }),
      ...(country !== null && { country }),
    },
    groupBy: group === null ? [] : [SUPER_SIM_GROUPS[group]],
    order: '-start',
  }
}

/**
 * Even if each page alone were short enough: whether a question is answered must not depend on the page size.
 */
function requireAnswerable(question: UsageQuestion): void {
  if (!readsTooMuch(question)) return
  const days = LEDGER_QUESTION_MAX_SECONDS / DAY_SECONDS
  throw new HttpError(
    'usage_window_too_long',
    `The networks of fleets, which single records tell, are asked for by at most ${days} days; ` +
      'give a StartTime and an EndTime that are not further apart, or a Sim',
  )
}
