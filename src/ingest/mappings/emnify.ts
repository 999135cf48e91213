/** Usage records of emnify's data streamer, and of 1NCE, which runs on the same platform. */
import type { Mapping } from '../mapped/mapping.ts'
import {
  BOOKED_AT,
  MEGABYTE,
  MNC_DIGITS,
  oneOf,
  plmnIn,
  type ReadyMapping,
} from './ready-mapping.ts'

/** Where to find the same values in an object of the stream, and in a row of its files. */
interface Places {
  readonly iccid: string
  readonly start: string
  readonly end: string
  readonly mcc: string
  readonly mnc: string
  readonly traffic: string
  readonly rx: string
  readonly tx: string
}

const OBJECTS: Places = {
  iccid: 'sim.iccid',
  start: 'start_timestamp',
  end: 'end_timestamp',
  mcc: 'operator.country.mcc',
  mnc: 'operator.mnc',
  traffic: 'traffic_type.id',
  rx: 'volume.rx',
  tx: 'volume.tx',
}

const ROWS: Places = {
  iccid: 'sim_iccid',
  start: 'event_start',
  end: 'end_timestamp',
  mcc: 'operator_mcc',
  mnc: 'operator_mnc',
  traffic: 'traffic_type_id',
  rx: 'volume_rx',
  tx: 'volume_tx',
}

const settings = {
  megabyte: MEGABYTE,
  rx: oneOf('what rx means in data records; in SMS records it is known to come from the device', {
    upload: 'from the device: the platform received it',
    download: 'to the device: the device received it',
  }),
  booked_at: BOOKED_AT,
  mnc_digits: MNC_DIGITS,
  delivery: oneOf(
    'how the records come',
    {
      json: 'objects of the stream, as a webhook or a JSON file',
      csv: 'CSV files that the stream writes to a storage bucket',
    },
    'json',
  ),
}

function build(given: Readonly<Record<string, string>>): Mapping {
  const { megabyte, rx, booked_at: bookedAt, delivery } = given
  const at = delivery === 'csv' ? ROWS : OBJECTS
  const traffic = (is: string) => ({ field: at.traffic, is })
  const data = (from: string) => ({ from, unit: megabyte as 'MB' | 'MiB', when: traffic('5') })
  const isRxUpload = rx === 'upload'
  return {
    source: delivery === 'csv' ? { format: 'csv', decimal: '.' } : { format: 'json' },
    fields: {
      record_id: 'id',
      sim: { first_of: [at.iccid, 'imsi'] },
      occurred_at: { from: bookedAt === 'start' ? at.start : at.end, format: 'iso', zone: 'UTC' },
      plmn: plmnIn(at.mcc, at.mnc, given),
      upload: data(isRxUpload ? at.rx : at.tx),
      download: data(isRxUpload ? at.tx : at.rx),
      to_sim: { from: at.tx, when: traffic('6') },
      from_sim: { from: at.rx, when: traffic('6') },
    },
    expect: [{ field: at.traffic, is: ['5', '6'] }],
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

export const ONE_NCE_STATISTICS: ReadyMapping = {
  name: '1nce-statistics',
  title:
    '1NCE daily usage of SIMs (GET /v1/sims/{iccid}/usage), with the key iccid added to answers',
  settings: { megabyte: MEGABYTE },
  // A day's totals grow until the day is over, and are fetched again.
  onConflict: 'replace',
  build: ({ megabyte }) => {
    const unit = megabyte as 'MB' | 'MiB'
    return {
      source: { format: 'json', each: 'stats' },
      fields: {
        record_id: { constant: 'day' },
        sim: 'iccid',
        occurred_at: { from: '@value.date', format: 'iso' },
        // For data, rx is what the SIM received; for SMS, what it sent.
        upload: { from: '@value.data.volume_tx', unit },
        download: { from: '@value.data.volume_rx', unit },
        to_sim: '@value.sms.volume_tx',
        from_sim: '@value.sms.volume_rx',
      },
    }
  },
}
