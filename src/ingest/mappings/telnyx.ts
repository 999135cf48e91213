/** Wireless detail records of Telnyx, in the forms of two of its interfaces. */
import { MEGABYTE, MNC_DIGITS, plmnIn, type ReadyMapping } from './ready-mapping.ts'

const settings = {
  megabyte: { ...MEGABYTE, meaning: `${MEGABYTE.meaning}; KB and GB go by the same base` },
  mnc_digits: MNC_DIGITS,
}

/** Each record states its unit; the base of the megabyte decides what its letters mean. */
function unitStatedIn(reference: string, { megabyte }: Readonly<Record<string, string>>) {
  const [kilobyte, gigabyte] =
    megabyte === 'MB' ? (['kB', 'GB'] as const) : (['KiB', 'GiB'] as const)
  return {
    from: reference,
    values: {
      B: 'bytes' as const,
      KB: kilobyte,
      kB: kilobyte,
      MB: megabyte as 'MB' | 'MiB',
      GB: gigabyte,
    },
  }
}

export const TELNYX_WDR: ReadyMapping = {
  name: 'telnyx-wdr',
  title: 'Telnyx wireless detail records (GET /reports/wdrs)',
  settings,
  onConflict: 'reject',
  build: (given) => {
    const data = (name: string) => ({
      from: `${name}.amount`,
      unit: unitStatedIn(`${name}.unit`, given),
    })
    return {
      source: { format: 'json', records: 'data' },
      fields: {
        record_id: 'id',
        sim: 'imsi',
        occurred_at: { from: 'created_at', format: 'iso' },
        plmn: plmnIn('mcc', 'mnc', given),
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
    const unit = unitStatedIn('data_unit', given)
    return {
      source: { format: 'json', records: 'data' },
      fields: {
        record_id: 'id',
        sim: 'imsi',
        occurred_at: { from: 'closed_at', format: 'iso' },
        plmn: plmnIn('mcc', 'mnc', given),
        upload: { from: 'uplink_data', unit },
        download: { from: 'downlink_data', unit },
      },
      expect: [{ field: 'record_type', is: 'sim_card_usage' }],
    }
  },
}
