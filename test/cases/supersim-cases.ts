/** Events of Super SIM streams, in the envelopes and beside the other events in which they come. */
import {
  atHome,
  type Case,
  type CaseGroup,
  type CaseSim,
  type FeedSetUp,
  jsonLines,
  mapped,
} from './cases.ts'

const UPDATED = 'com.twilio.iot.supersim.connection.data-session.updated'
const KORE_UPDATED = 'com.kore.iot.supersim.connection.data-session.updated'
const KORE_ENDED = 'com.kore.iot.supersim.connection.data-session.ended'

interface Session {
  readonly up?: number
  readonly down?: number
  readonly totalUp?: number
  readonly totalDown?: number
  readonly sid?: string | null
  readonly at?: string
}

let envelopes = 0
/** An envelope of its own around the event that `sid` names. */
function event({ iccid, imsi }: CaseSim, type: string, stated: Session, more: object = {}): object {
  const { up = 400, down = 9_600, at = '2026-03-14T08:06:00Z' } = stated
  const { sid = 'EZ00000000000000000000000000000071', totalUp = up, totalDown = down } = stated
  return {
    id: `7c1d0e52-0000-4000-8000-${String(++envelopes).padStart(12, '0')}`,
    source: 'kore-events',
    type,
    time: at,
    specversion: '1.0',
    datacontenttype: 'application/json',
    data: {
      ...(sid !== null && { event_sid: sid }),
      event_type: type,
      timestamp: at,
      account_sid: 'ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
      sim_iccid: iccid,
      sim_sid: 'HS00000000000000000000000000000071',
      imsi,
      network: { mcc: '310', mnc: '260', iso_country: 'US' },
      data_session_sid: 'PI00000000000000000000000000000071',
      data_session_update_start_time: '2026-03-14T08:00:00Z',
      data_session_update_end_time: at,
      data_upload: up,
      data_download: down,
      data_session_data_upload: totalUp,
      data_session_data_download: totalDown,
    },
    ...more,
  }
}
const testEvent = (type: string) => ({
  data: { message: 'test' },
  id: '0b1c2d3e-0000-4000-8000-000000000001',
  time: '2026-03-14T19:09:48.5842087+00:00',
  type,
  source: 'kore-events',
  dataschema: '/schemas/test/1',
  specversion: '1.0',
  datacontenttype: 'application/json',
})
const SUPERSIM: FeedSetUp = {
  format: 'mapped',
  settings: { mapping: 'supersim', usage: 'updated' },
}
const OTHER_SID = 'EZ00000000000000000000000000000072'

const events: readonly Case[] = [
  {
    name: 'one event in two envelopes of one batch',
    content: (sim) => JSON.stringify([event(sim, UPDATED, {}), event(sim, UPDATED, {})]),
    used: atHome(400, 9_600),
  },
  {
    name: 'one event through the streams of both carriers, each with its own type',
    content: (sim) => [
      JSON.stringify(event(sim, UPDATED, {})),
      JSON.stringify([event(sim, KORE_UPDATED, {})]),
    ],
    used: atHome(400, 9_600),
  },
  {
    name: 'an event of KORE’s stream alone',
    content: (sim) => JSON.stringify([event(sim, KORE_UPDATED, { up: 1_500, down: 27_000 })]),
    used: atHome(1_500, 27_000),
  },
  {
    name: 'a webhook’s retry, written with a fraction of the second and another offset',
    content: (sim) => [
      JSON.stringify(event(sim, KORE_UPDATED, {})),
      JSON.stringify(event(sim, KORE_UPDATED, { at: '2026-03-14T08:06:00.482+00:00' })),
      JSON.stringify(event(sim, KORE_UPDATED, { at: '2026-03-14T10:06:00+02:00' })),
    ],
    used: atHome(400, 9_600),
  },
  {
    name: 'two events of one second, whose envelopes have one id',
    content: (sim) => {
      const id = 'same'
      return JSON.stringify([
        event(sim, UPDATED, {}, { id }),
        event(sim, UPDATED, { sid: OTHER_SID }, { id }),
      ])
    },
    used: atHome(800, 19_200),
  },
  {
    name: 'events without a SID of their own, by their envelopes’',
    content: (sim) => {
      const one = event(sim, KORE_UPDATED, { sid: null }, { id: 'EZa' })
      const other = event(sim, KORE_UPDATED, { sid: null }, { id: 'EZb' })
      return [jsonLines(one, other), jsonLines(one)]
    },
    used: atHome(800, 19_200),
  },
  {
    name: 'the last update of a session, with the event that ends it',
    content: (sim) =>
      JSON.stringify([
        event(sim, KORE_UPDATED, { up: 10, down: 20 }),
        event(sim, KORE_ENDED, { sid: OTHER_SID, up: 1, down: 2, totalUp: 11, totalDown: 22 }),
      ]),
    used: atHome(11, 22),
  },
  {
    name: 'totals alone, where the feed counts the ends of sessions',
    ...mapped({ mapping: 'supersim', usage: 'ended' }),
    content: (sim) =>
      JSON.stringify([
        event(sim, KORE_UPDATED, { up: 10, down: 20 }),
        event(sim, KORE_ENDED, { sid: OTHER_SID, up: 1, down: 2, totalUp: 11, totalDown: 22 }),
        event(sim, KORE_ENDED, { sid: OTHER_SID, up: 1, down: 2, totalUp: 11, totalDown: 22 }),
      ]),
    used: atHome(11, 22),
  },
]
const unusual: readonly Case[] = [
  {
    name: 'KORE’s test event, which is skipped and counted',
    content: () => JSON.stringify(testEvent('com.kore.eventstreams.test.event')),
    used: [],
    warns: [/^1 record was skipped, .*eventstreams\.test\.event/],
  },
  {
    name: 'both carriers’ test events in a batch between others',
    content: (sim) =>
      JSON.stringify([
        testEvent('com.twilio.eventstreams.test-event'),
        event(sim, KORE_UPDATED, {}),
        testEvent('com.kore.eventstreams.test.event'),
      ]),
    used: atHome(400, 9_600),
    warns: [/^2 records were skipped/],
  },
  {
    name: 'events of attachments, which have no usage',
    content: (sim) =>
      JSON.stringify([
        event(sim, 'com.kore.iot.supersim.connection.attachment.accepted', {}),
        event(sim, 'com.kore.iot.supersim.connection.attachment.rejected', {}),
        event(sim, 'com.kore.iot.supersim.connection.data-session.started', {}),
      ]),
    used: [],
    warns: [/^3 records were skipped/],
  },
  {
    name: 'a type that only looks like one of usage, which waits',
    content: (sim) =>
      JSON.stringify([
        event(sim, 'com.kore.iot.supersim.connection.data-session.updated.v2', {}),
        event(sim, 'data-session.updated', {}),
      ]),
    used: [],
    waits: ['1 invalid_field', '2 invalid_field'],
    says: /type/,
  },
  {
    name: 'an event whose counters are missing, which adds nothing',
    content: (sim) => {
      const { data, ...envelope } = event(sim, KORE_UPDATED, {}) as { data: object }
      const { data_upload: _, data_download: __, ...rest } = data as Record<string, unknown>
      return JSON.stringify([{ ...envelope, data: rest }, event(sim, UPDATED, { sid: OTHER_SID })])
    },
    used: atHome(400, 9_600),
  },
  {
    name: 'an event that is all in texts, as a form that was posted',
    content: (sim) => {
      const { data, ...envelope } = event(sim, KORE_UPDATED, {}) as { data: object }
      const texts = Object.entries(data).map(([name, value]) => [
        name,
        typeof value === 'number' ? String(value) : value,
      ])
      return JSON.stringify({ ...envelope, data: Object.fromEntries(texts) })
    },
    used: atHome(400, 9_600),
  },
]

export const SUPERSIM_CASES: readonly CaseGroup[] = [
  { title: 'a Super SIM event is counted once:', feed: SUPERSIM, cases: events },
  { title: 'a stream of events has more than usage:', feed: SUPERSIM, cases: unusual },
]
