/** Data sessions of Hologram. */
import { oneOf, type ReadyMapping, TOTAL_IS, timeZone } from './ready-mapping.ts'

export const HOLOGRAM: ReadyMapping = {
  name: 'hologram',
  title: 'Hologram data usage (GET /usage/data)',
  settings: {
    zone: timeZone('the zone of timestamp, which states none'),
    total_is: TOTAL_IS,
    sim: oneOf(
      "which number is the SIM's unique name here: records have neither ICCID nor IMSI",
      { linkid: "the link's id", deviceid: "the device's id" },
      'linkid',
    ),
  },
  onConflict: 'reject',
  build: ({ zone, total_is: totalIs, sim }) => ({
    source: { format: 'json', records: 'data' },
    fields: {
      record_id: { first_of: ['record_id', 'id'] },
      sim: sim!,
      occurred_at: { from: 'timestamp', format: 'YYYY-MM-DD HH:mm:ss', zone: zone! },
      [totalIs as 'upload' | 'download']: { from: 'bytes', unit: 'bytes' },
    },
  }),
}
