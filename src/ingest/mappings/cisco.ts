/** Cycle-to-date usage of Cisco IoT Control Center (Jasper): counters that grow until a cycle ends. */
import { oneOf, type ReadyMapping, TOTAL_IS } from './ready-mapping.ts'

export const CISCO: ReadyMapping = {
  name: 'cisco-control-center',
  title: 'Cisco IoT Control Center cycle-to-date usage (GET …/ctdUsages)',
  settings: {
    total_is: TOTAL_IS,
    sms: oneOf('where to count ctdSMSUsage, which adds up both directions', {
      to_sim: 'as Commands to the SIM',
      from_sim: 'as Commands from the SIM',
      ignore: 'not at all',
    }),
  },
  // Of two readings in the same second, the larger is the later one.
  onConflict: 'max',
  build: ({ total_is: totalIs, sms }) => ({
    source: { format: 'json' },
    fields: {
      record_id: 'iccid',
      sim: 'iccid',
      occurred_at: { from: 'readAt', format: 'iso' },
      [totalIs as 'upload' | 'download']: { from: 'ctdDataUsage', unit: 'bytes' },
      ...(sms === 'ignore' ? {} : { [sms as 'to_sim' | 'from_sim']: 'ctdSMSUsage' }),
    },
    readings: true,
    // No answer says which cycle it belongs to.
    resets: 'fall',
  }),
}
