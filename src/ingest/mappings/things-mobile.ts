/** Call detail records of Things Mobile, as XML. */
import { BOOKED_AT, type ReadyMapping, TOTAL_IS, timeZone } from './ready-mapping.ts'

export const THINGS_MOBILE: ReadyMapping = {
  name: 'things-mobile',
  title: 'Things Mobile CDRs (cdrsPaginated), as XML',
  settings: {
    zone: timeZone('the zone of its times, which state none'),
    total_is: TOTAL_IS,
    booked_at: BOOKED_AT,
  },
  onConflict: 'reject',
  build: ({ zone, total_is: totalIs, booked_at: bookedAt }) => ({
    source: { format: 'xml', records: 'result.cdrsPaginated.cdrPaginated' },
    fields: {
      record_id: {
        content: [
          'cdrMsisdn',
          'cdrDateStart',
          'cdrDateStop',
          'cdrOperator',
          'cdrCountry',
          'cdrTraffic',
        ],
      },
      sim: 'cdrMsisdn',
      occurred_at: {
        from: bookedAt === 'start' ? 'cdrDateStart' : 'cdrDateStop',
        format: 'YYYY-MM-DD HH:mm:ss',
        zone: zone!,
      },
      country: 'cdrCountry',
      [totalIs as 'upload' | 'download']: { from: 'cdrTraffic', unit: 'bytes' },
    },
  }),
}
