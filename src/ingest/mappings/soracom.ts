/** Data traffic of Soracom Air: totals of a day or of some minutes, by speed class. */
import { oneOf, type ReadyMapping } from './ready-mapping.ts'

export const SORACOM: ReadyMapping = {
  name: 'soracom',
  title: 'Soracom Air traffic statistics, as CSV export or as API answers',
  settings: {
    delivery: oneOf('how the statistics come', {
      csv: 'the CSV export, by day',
      api: 'answers of the API, with the key imsi added to each entry',
    }),
  },
  // A bucket's total grows until its time is over, and is fetched again.
  onConflict: 'replace',
  build: ({ delivery }) => {
    const data = (name: string) => ({ from: name, unit: 'bytes' as const })
    if (delivery === 'csv') {
      return {
        source: { format: 'csv' },
        fields: {
          record_id: 'type',
          sim: 'imsi',
          occurred_at: { from: 'date', format: 'YYYYMMDD', zone: 'UTC' },
          upload: data('uploadByteSizeTotal'),
          download: data('downloadByteSizeTotal'),
        },
        // What is billed without a SIM, such as a gateway.
        skip: [{ field: 'imsi', empty: true }],
      }
    }
    return {
      source: { format: 'json', each: 'dataTrafficStatsMap' },
      fields: {
        record_id: '@key',
        sim: 'imsi',
        occurred_at: { from: 'unixtime', format: 'unix' },
        upload: data('@value.uploadByteSizeTotal'),
        download: data('@value.downloadByteSizeTotal'),
      },
    }
  },
}
