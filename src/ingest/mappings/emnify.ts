/** Usage records of emnify's data streamer, and of 1NCE, which runs on the same platform. */
import { BOOKED_AT, MEGABYTE, oneOf, type ReadyMapping } from './ready-mapping.ts'

const DATA = { field: 'traffic_type.id', is: '5' }
const SMS = { field: 'traffic_type.id', is: '6' }

const settings = {
  megabyte: MEGABYTE,
  rx: oneOf('what rx of data records means; of SMS it is known: rx comes from the device', {
    upload: 'from the device: the platform received it',
    download: 'to the device: the device received it',
  }),
  booked_at: BOOKED_AT,
}

function build({ megabyte, rx, booked_at: bookedAt }: Readonly<Record<string, string>>) {
  const data = (from: string) => ({ from, unit: megabyte as 'MB' | 'MiB', when: DATA })
  const isRxUpload = rx === 'upload'
  return {
    source: { format: 'json' as const },
    fields: {
      record_id: 'id',
      sim: { first_of: ['sim.iccid', 'imsi'] },
      occurred_at: {
        from: bookedAt === 'start' ? 'start_timestamp' : 'end_timestamp',
        format: 'iso',
        zone: 'UTC',
      },
      plmn: { mcc: 'operator.country.mcc', mnc: 'operator.mnc' },
      upload: data(isRxUpload ? 'volume.rx' : 'volume.tx'),
      download: data(isRxUpload ? 'volume.tx' : 'volume.rx'),
      to_sim: { from: 'volume.tx', when: SMS },
      from_sim: { from: 'volume.rx', when: SMS },
    },
    expect: [{ field: 'traffic_type.id', is: ['5', '6'] }],
  }
}

export const EMNIFY: ReadyMapping = {
  name: 'emnify',
  title: 'emnify data streamer, usage records',
  settings,
  onConflict: 'reject',
  build,
}

export const ONE_NCE: ReadyMapping = {
  name: '1nce',
  title: '1NCE data streamer, usage records of version 1 and 2',
  settings,
  onConflict: 'reject',
  build,
}
