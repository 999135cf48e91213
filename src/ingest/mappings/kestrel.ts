/** Usage exports of Kestrel. */
import { BOOKED_AT, MEGABYTE, type ReadyMapping, timeZone } from './ready-mapping.ts'

export const KESTREL: ReadyMapping = {
  name: 'kestrel',
  title: 'Kestrel usage exports, as CSV',
  settings: {
    zone: timeZone('the zone of its times, which state none'),
    megabyte: MEGABYTE,
    booked_at: BOOKED_AT,
  },
  onConflict: 'reject',
  build: ({ zone, megabyte, booked_at: bookedAt }) => ({
    source: { format: 'csv', delimiter: ';', decimal: ',' },
    fields: {
      record_id: 'Session',
      sim: 'ICCID',
      occurred_at: {
        from: bookedAt === 'start' ? 'Begin' : 'End',
        format: 'DD.MM.YYYY HH:mm:ss',
        zone: zone!,
      },
      plmn: 'Network',
      upload: { from: 'MB up', unit: megabyte as 'MB' | 'MiB' },
      download: { from: 'MB down', unit: megabyte as 'MB' | 'MiB' },
    },
    expect: [{ field: 'Kind', is: 'Data' }],
  }),
}
