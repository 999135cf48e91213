/** Data usage of Hologram: sessions, and totals of days. */
import type { Mapping } from '../mapped/mapping.ts'
import { oneOf, type ReadyMapping, TOTAL_IS, timeZone } from './ready-mapping.ts'

const SIM_CHOICES = {
  linkid: "the link's id, also called the profile's, registered as MSISDN",
  deviceid: "the device's id, registered as MSISDN",
}

type Counter = 'upload' | 'download'

export const HOLOGRAM: ReadyMapping = {
  name: 'hologram',
  title: 'Hologram data sessions (GET /usage/data)',
  settings: {
    zone: timeZone('the zone of timestamp, which states none'),
    total_is: TOTAL_IS,
    sim: oneOf(
      'which value names the SIM: records have no IMSI, and an ICCID only on request',
      { ...SIM_CHOICES, sim: 'the ICCID, which records have with SIM metadata' },
      'linkid',
    ),
    country: oneOf(
      'how to use country, a code or a name that records have with country metadata',
      { ignore: 'not at all: the default zone applies', read: 'it is where usage happened' },
      'ignore',
    ),
  },
  onConflict: 'reject',
  build: ({ zone, total_is: totalIs, sim, country }) => ({
    source: { format: 'json', records: 'data' },
    fields: {
      record_id: { first_of: ['record_id', 'id'] },
      sim: sim!,
      occurred_at: { from: 'timestamp', format: 'YYYY-MM-DD HH:mm:ss', zone: zone! },
      ...(country === 'read' && COUNTRY),
      [totalIs as Counter]: { from: 'bytes', unit: 'bytes' },
    },
  }),
}

const COUNTRY: Pick<Mapping['fields'], 'country'> = {
  country: { from: 'country', as: ['code', 'name'] },
}

export const HOLOGRAM_DAILY: ReadyMapping = {
  name: 'hologram-daily',
  title: 'Hologram data usage by day (GET /usage/data/daily)',
  settings: {
    total_is: TOTAL_IS,
    sim: oneOf(
      'which number names the SIM, and is registered as its MSISDN',
      SIM_CHOICES,
      'linkid',
    ),
  },
  // A day's total grows until the day is over, and is fetched again.
  onConflict: 'replace',
  build: ({ total_is: totalIs, sim }) => ({
    source: { format: 'json', records: 'data' },
    fields: {
      // It is undocumented whether a day keeps its id while it grows, but there is one total per SIM.
      record_id: { constant: 'day' },
      sim: sim!,
      occurred_at: { from: 'date', format: 'YYYY-MM-DD', zone: 'UTC' },
      [totalIs as Counter]: { from: 'bytes', unit: 'bytes' },
    },
  }),
}
