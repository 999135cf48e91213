/** The parameters of a SIM in requests of the Super SIM API, and the SIM as that API returns it. */
import { type Static, Type } from 'typebox'
import type { Sim } from '../../domain/directory.ts'
import { formatInstant } from '../../domain/time.ts'
import { pageParameters } from '../list-page.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { moveParameters } from '../sim-move.ts'
import { iccidParameter, uniqueNameParameter } from '../sim-parameters.ts'
import { parameter } from '../validation.ts'
import { superSimUrl } from './address.ts'
import type { superSimSchema } from './schemas.ts'
import { SUPER_SIM_STATUS_CHANGES, SUPER_SIM_STATUSES, shownAs } from './sim-status.ts'

const statusAmong = (statuses: readonly string[]) =>
  parameter('Status', `expected ${statuses.join(', ')}`, (text) => statuses.includes(text))

export const superSimListQuery = Type.Object({
  ...accountSidParameter,
  Status: Type.Optional(statusAmong(SUPER_SIM_STATUSES)),
  Fleet: Type.Optional(
    Type.String({ description: 'the SID or unique name of the fleet that they are in at present' }),
  ),
  Iccid: Type.Optional(iccidParameter),
  ...pageParameters,
})

export const superSimCreateBody = Type.Object({
  ...accountSidParameter,
  Iccid: Type.Optional(iccidParameter),
  RegistrationCode: Type.Optional(
    Type.String({ description: 'not asked for here: the operator says who may register SIMs' }),
  ),
})

export const superSimUpdateBody = Type.Object(
  {
    ...moveParameters,
    UniqueName: Type.Optional(uniqueNameParameter),
    Status: Type.Optional(statusAmong(SUPER_SIM_STATUS_CHANGES)),
    Fleet: Type.Optional(
      Type.String({
        description:
          'the SID or unique name of its fleet from now on; empty takes it out of its own',
      }),
    ),
  },
  {
    refused: {
      CallbackUrl: 'nobody is called back; the answer has what was changed already, leave it out',
      CallbackMethod: 'nobody is called back; leave it out',
    },
  },
)

/** The original has these links, but nothing here answers them. */
export function superSimToApi(
  sim: Sim,
  fleetSid: string | null,
  baseUrl: string,
): Static<typeof superSimSchema> {
  const url = `${superSimUrl(baseUrl)}/v1/Sims/${sim.sid}`
  return {
    sid: sim.sid,
    account_sid: sim.accountSid,
    unique_name: sim.uniqueName,
    status: shownAs(sim.status),
    fleet_sid: fleetSid,
    iccid: sim.iccid,
    date_created: formatInstant(sim.createdAt),
    date_updated: formatInstant(sim.updatedAt),
    url,
    links: { billing_periods: `${url}/BillingPeriods`, sim_ip_addresses: `${url}/IpAddresses` },
  }
}
