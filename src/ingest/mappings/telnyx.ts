/** Wireless detail records of Telnyx, in the forms of two of its interfaces. */
import { MEGABYTE, MNC_DIGITS, type ReadyMapping } from './ready-mapping.ts'

const settings = { megabyte: MEGABYTE, mnc_digits: MNC_DIGITS }

function plmn({ mnc_digits: digits }: Readonly<Record<string, string>>) {
  return {
    mcc: 'mcc',
    mnc: 'mnc',
    ...(digits === undefined ? {} : { mnc_digits: Number(digits) }),
  }
}

export const TELNYX_WDR: ReadyMapping = {
  name: 'telnyx-wdr',
  title: 'Telnyx wireless detail records (GET /reports/wdrs)',
  settings: {
    ...settings,
    megabyte: { ...MEGABYTE, meaning: `${MEGABYTE.meaning}; KB and GB go by the same base` },
  },
  onConflict: 'reject',
  build: (given) => {
    const megabyte = given.megabyte as 'MB' | 'MiB'
    const [kilobyte, gigabyte] =
      megabyte === 'MB' ? (['kB', 'GB'] as const) : (['KiB', 'GiB'] as const)
    const data = (name: string) => ({
      from: `${name}.amount`,
      unit: {
        from: `${name}.unit`,
        values: {
          B: 'bytes' as const,
          KB: kilobyte,
          kB: kilobyte,
          MB: megabyte,
          GB: gigabyte,
        },
      },
    })
    return {
      source: { format: 'json', records: 'data' },
      fields: {
        record_id: 'id',
        sim: 'imsi',
        occurred_at: { from: 'created_at', format: 'iso' },
        plmn: plmn(given),
        upload: data('uplink_data'),
        download: data('downlink_data'),
      },
      expect: [{ field: 'record_type', is: 'wdr' }],
    }
  },
}

export const TELNYX_USAGE: ReadyMapping = {
  name: 'telnyx-usage',
  title: 'Telnyx SIM card usage (GET /detail_records, sim_card_usage)',
  settings,
  onConflict: 'reject',
  build: (given) => {
    const megabyte = given.megabyte as 'MB' | 'MiB'
    const unit = { from: 'data_unit', values: { MB: megabyte } }
    return {
      source: { format: 'json', records: 'data' },
      fields: {
        record_id: 'id',
        sim: 'imsi',
        occurred_at: { from: 'closed_at', format: 'iso' },
        plmn: plmn(given),
        upload: { from: 'uplink_data', unit },
        download: { from: 'downlink_data', unit },
      },
      expect: [{ field: 'record_type', is: 'sim_card_usage' }],
    }
  },
}
