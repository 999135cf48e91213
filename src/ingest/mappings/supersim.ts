/** Super SIM connection events of Twilio and KORE: CloudEvents, single or in batches. */
import { oneOf, type ReadyMapping } from './ready-mapping.ts'

// Twilio's and KORE's streams put different prefixes before the same names.
const SESSION = '.supersim.connection.data-session.'
const ATTACHMENT = '.supersim.connection.attachment.'

/** Everything else that a subscription may deliver, none of which carries usage. */
const WITHOUT_USAGE = [
  `${SESSION}started`,
  `${SESSION}failed`,
  `${ATTACHMENT}accepted`,
  `${ATTACHMENT}rejected`,
  `${ATTACHMENT}failed`,
]

/** What both send when somebody tests a destination. */
const TEST_EVENTS = ['.eventstreams.test.event', '.eventstreams.test-event']

export const SUPERSIM: ReadyMapping = {
  name: 'supersim',
  title: 'Twilio and KORE Super SIM connection events, as CloudEvents',
  settings: {
    usage: oneOf('which of the two views of a data session is counted', {
      updated: 'what each updated and ended event adds: minutes after it was used',
      ended: 'the totals that ended events state: one record per session, when it ends',
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
    const ended = `${SESSION}ended`
    const updated = `${SESSION}updated`
    return {
      source: { format: 'json' },
      fields: {
        // One event may come in several envelopes, each with an id of its own.
        record_id: isDelta ? { first_of: ['data.event_sid', 'id'] } : 'data.data_session_sid',
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
      skip: [
        { field: 'type', ends_with: isDelta ? WITHOUT_USAGE : [...WITHOUT_USAGE, updated] },
        { field: 'type', ends_with: TEST_EVENTS },
      ],
      expect: [{ field: 'type', ends_with: isDelta ? [updated, ended] : ended }],
    }
  },
}
