/** Super SIM connection events of Twilio and KORE: CloudEvents, alone or in batches. */
import { oneOf, type ReadyMapping } from './ready-mapping.ts'

const TYPE = 'com.twilio.iot.supersim.connection.data-session.'

/** Everything else that a subscription may deliver: none of it carries usage. */
const WITHOUT_USAGE = [
  `${TYPE}started`,
  `${TYPE}failed`,
  'com.twilio.iot.supersim.connection.attachment.accepted',
  'com.twilio.iot.supersim.connection.attachment.rejected',
  'com.twilio.iot.supersim.connection.attachment.failed',
]

export const SUPERSIM: ReadyMapping = {
  name: 'supersim',
  title: 'Twilio and KORE Super SIM connection events, as CloudEvents',
  settings: {
    usage: oneOf('which of the two views of a data session is counted', {
      updated: 'what each updated and ended event adds: minutes after it was used',
      ended: 'the totals that ended events state: one record a session, when it ends',
    }),
    sim: oneOf(
      'by which name SIMs are registered here',
      {
        iccid: 'the ICCID',
        sid: 'the SID (HS…)',
        imsi: 'the IMSI',
        unique_name: 'the unique name',
      },
      'iccid',
    ),
  },
  onConflict: 'reject',
  build: ({ usage, sim }) => {
    const isDelta = usage === 'updated'
    const counter = isDelta ? 'data.data_' : 'data.data_session_data_'
    const data = (direction: string) => ({
      from: `${counter}${direction}`,
      unit: 'bytes' as const,
    })
    return {
      source: { format: 'json' },
      fields: {
        record_id: isDelta ? 'id' : 'data.data_session_sid',
        sim: sim === 'imsi' ? 'data.imsi' : `data.sim_${sim}`,
        occurred_at: {
          first_of: isDelta
            ? ['data.data_session_update_end_time', 'data.timestamp']
            : ['data.data_session_end_time', 'data.timestamp'],
          format: 'iso',
          zone: 'UTC',
        },
        plmn: { mcc: 'data.network.mcc', mnc: 'data.network.mnc' },
        country: 'data.network.iso_country',
        upload: data('upload'),
        download: data('download'),
      },
      skip: [{ field: 'type', is: isDelta ? WITHOUT_USAGE : [...WITHOUT_USAGE, `${TYPE}updated`] }],
      expect: [
        { field: 'type', is: isDelta ? [`${TYPE}updated`, `${TYPE}ended`] : `${TYPE}ended` },
      ],
    }
  },
}
