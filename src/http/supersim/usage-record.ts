/** Turns the store's answer into usage records of the Super SIM API. */
import type { Bucket } from '../../domain/period.ts'
import { plus } from '../../domain/sums.ts'
import { formatInstant } from '../../domain/time.ts'
import { NO_USAGE, type UsageSums } from '../../domain/usage-query.ts'

/** What the usage belongs to, as far as the question filters or groups by it. */
export interface UsagePlace {
  readonly sim_sid: string | null
  readonly fleet_sid: string | null
  readonly network_sid: string | null
  readonly iso_country: string | null
}

/**
 * As JSON text with exact numbers, because sums can pass 2^53. Nothing is billed, because there are no
 * prices.
 */
export function superSimRecordJson(
  accountSid: string,
  { start, end }: Bucket,
  { upload, download }: UsageSums = NO_USAGE,
  place: UsagePlace,
): string {
  return (
    `{"period":{"start_time":"${formatInstant(start)}","end_time":"${formatInstant(end)}"},` +
    `"account_sid":"${accountSid}","data_upload":${upload},"data_download":${download},` +
    `"data_total":${plus(upload, download)},"data_total_billed":"0","billed_unit":null,` +
    JSON.stringify(placeInOrder(place)).slice(1)
  )
}

function placeInOrder({ sim_sid, fleet_sid, network_sid, iso_country }: UsagePlace): UsagePlace {
  return { sim_sid, fleet_sid, network_sid, iso_country }
}
