/** Carriers' records as their documents and their customers show them: each counts once, and as it says. */
import type { Case, CaseGroup, CaseSim, FeedSetUp } from './cases.ts'

const lines = (...objects: readonly object[]) =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('')
const home = (up: number, down: number, toSim = 0, fromSim = 0) => [
  `home US ${up}/${down}/${toSim}/${fromSim}`,
]
const mapped = (
  settings: FeedSetUp['settings'],
  stated: Partial<FeedSetUp> = {},
): { feed: FeedSetUp } => ({ feed: { format: 'mapped', settings: settings!, ...stated } })

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
    used: home(400, 9_600),
  },
  {
    name: 'one event through the streams of both carriers, each with its own type',
    content: (sim) => [
      JSON.stringify(event(sim, UPDATED, {})),
      JSON.stringify([event(sim, KORE_UPDATED, {})]),
    ],
    used: home(400, 9_600),
  },
  {
    name: 'an event of KORE’s stream alone',
    content: (sim) => JSON.stringify([event(sim, KORE_UPDATED, { up: 1_500, down: 27_000 })]),
    used: home(1_500, 27_000),
  },
  {
    name: 'a webhook’s retry, written with a fraction of the second and another offset',
    content: (sim) => [
      JSON.stringify(event(sim, KORE_UPDATED, {})),
      JSON.stringify(event(sim, KORE_UPDATED, { at: '2026-03-14T08:06:00.482+00:00' })),
      JSON.stringify(event(sim, KORE_UPDATED, { at: '2026-03-14T10:06:00+02:00' })),
    ],
    used: home(400, 9_600),
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
    used: home(800, 19_200),
  },
  {
    name: 'events without a SID of their own, by their envelopes’',
    content: (sim) => {
      const one = event(sim, KORE_UPDATED, { sid: null }, { id: 'EZa' })
      const other = event(sim, KORE_UPDATED, { sid: null }, { id: 'EZb' })
      return [lines(one, other), lines(one)]
    },
    used: home(800, 19_200),
  },
  {
    name: 'the last update of a session, with the event that ends it',
    content: (sim) =>
      JSON.stringify([
        event(sim, KORE_UPDATED, { up: 10, down: 20 }),
        event(sim, KORE_ENDED, { sid: OTHER_SID, up: 1, down: 2, totalUp: 11, totalDown: 22 }),
      ]),
    used: home(11, 22),
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
    used: home(11, 22),
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
    used: home(400, 9_600),
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
    used: home(400, 9_600),
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
    used: home(400, 9_600),
  },
]

const CISCO: FeedSetUp = {
  format: 'mapped',
  onConflict: 'max',
  defaultZone: 'home',
  settings: { mapping: 'cisco-control-center', total_is: 'download', sms: 'to_sim' },
}
const cisco =
  (...answers: readonly object[]) =>
  ({ iccid }: CaseSim) =>
    lines(
      ...answers.map((answer, i) => ({
        iccid,
        ...answer,
        readAt: `2026-03-14T${String(i).padStart(2, '0')}:00:00Z`,
      })),
    )
const device = (total: number, sms: number) => [`home - 0/${total}/${sms}/0`]
const polls: readonly Case[] = [
  {
    name: 'an answer without counters between two others',
    content: cisco(
      { ctdDataUsage: 8_000_000, ctdSMSUsage: 4 },
      { status: 'ACTIVATED' },
      { ctdDataUsage: 8_000_300, ctdSMSUsage: 4 },
    ),
    used: device(8_000_300, 4),
  },
  {
    name: 'SMS that are null',
    content: cisco(
      { ctdDataUsage: 8_000_000, ctdSMSUsage: 4 },
      { ctdDataUsage: 8_000_300, ctdSMSUsage: null },
    ),
    used: device(8_000_300, 4),
  },
  {
    name: 'data that is null, or an empty text, and comes again',
    content: cisco(
      { ctdDataUsage: 8_000_000, ctdSMSUsage: 4 },
      { ctdDataUsage: null, ctdSMSUsage: 5 },
      { ctdDataUsage: '', ctdSMSUsage: 5 },
      { ctdDataUsage: '8000300', ctdSMSUsage: '6' },
    ),
    used: device(8_000_300, 6),
  },
  {
    name: 'one counter that is missing from the first to the last',
    content: cisco({ ctdDataUsage: 70 }, { ctdDataUsage: 90 }, { ctdDataUsage: 95 }),
    used: device(95, 0),
  },
  {
    name: 'a cycle that begins with an answer without data',
    content: cisco(
      { ctdDataUsage: 8_000_000, ctdSMSUsage: 4 },
      { ctdSMSUsage: 0 },
      { ctdDataUsage: 250, ctdSMSUsage: 1 },
    ),
    used: device(8_000_250, 5),
  },
  {
    name: 'a cycle that begins while SMS are unknown',
    content: cisco(
      { ctdDataUsage: 8_000_000, ctdSMSUsage: 4 },
      { ctdDataUsage: 250, ctdSMSUsage: null },
      { ctdDataUsage: 260, ctdSMSUsage: 2 },
    ),
    used: device(8_000_260, 6),
  },
  {
    name: 'an answer without counters that comes last, after it was polled for',
    content: (sim) => {
      const all = cisco({ ctdDataUsage: 70, ctdSMSUsage: 1 }, {}, { ctdDataUsage: 90 })(sim)
      const [first, second, third] = all.split('\n')
      return [`${third}\n`, `${first}\n`, `${second}\n`]
    },
    used: device(90, 1),
  },
  {
    name: 'two answers of one second, the one without SMS first',
    content: ({ iccid }) => {
      const readAt = '2026-03-14T05:00:00Z'
      return lines(
        { iccid, ctdDataUsage: 70, readAt },
        { iccid, ctdDataUsage: 70, ctdSMSUsage: 3, readAt },
      )
    },
    used: device(70, 3),
  },
]

const EMNIFY = { mapping: 'emnify', megabyte: 'MB', rx: 'upload' }
const COLUMNS =
  'id,event_start,end_timestamp,sim_iccid,imsi,operator_mcc,operator_mnc,traffic_type_id,volume_rx,volume_tx'
const row = ({ iccid, imsi }: CaseSim, id: number, rest: string) =>
  `${id},2026-03-14T10:00:00Z,2026-03-14T10:05:00Z,${iccid},${imsi},310,260,${rest}`
const sheet = (...rows: readonly string[]) => `${[COLUMNS, ...rows].join('\n')}\n`
const buckets: readonly Case[] = [
  {
    name: 'is read where the feed says so',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: (sim) => sheet(row(sim, 700000001, '5,0.250001,1.5')),
    used: home(250_001, 1_500_000),
  },
  {
    name: 'has data and SMS, and the same record twice',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: (sim) => [
      sheet(row(sim, 700000001, '5,1,2'), row(sim, 700000002, '6,3,4')),
      sheet(row(sim, 700000002, '6,3,4'), row(sim, 700000003, '5,0,0.000001')),
    ],
    used: home(1_000_000, 2_000_001, 4, 3),
  },
  {
    name: 'has more columns, in another order, and quotes around all of them',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: ({ iccid, imsi }) =>
      '"volume_tx","volume_rx","volume_total","id","event_start","end_timestamp","sim_iccid","imsi","operator_mcc","operator_mnc","traffic_type_id","imei"\r\n' +
      `"0.5","0.25","0.75","700000001","2026-03-14T10:00:00Z","2026-03-14T10:05:00Z","${iccid}","${imsi}","310","260","5",""\r\n`,
    used: home(250_000, 500_000),
  },
  {
    name: 'has voice records, which wait',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: (sim) => sheet(row(sim, 700000001, '2,60,60'), row(sim, 700000002, '5,1,0')),
    used: home(1_000_000, 0),
    waits: ['2 invalid_field'],
    says: /traffic_type_id/,
  },
  {
    name: 'is read by a feed of objects: it fails, and says what to set',
    ...mapped(EMNIFY),
    content: (sim) => sheet(row(sim, 700000001, '5,0.250001,1.5')),
    used: [],
    waits: ['failed'],
    says: /looks like CSV; .*--set delivery=csv$/,
  },
  {
    name: 'comes as objects to a feed of files: it fails, and says what to set',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: ({ iccid }) => JSON.stringify([{ id: 700000001, sim: { iccid } }]),
    used: [],
    waits: ['failed'],
    says: /looks like JSON; .*--set delivery=json$/,
  },
]

const TELNYX = { mapping: 'telnyx-usage', megabyte: 'MB', mnc_digits: '3' }
let usages = 0
const usage = ({ imsi }: CaseSim, up: unknown, down: unknown, unit: unknown) => ({
  id: `5e0c7d11-0000-4000-8000-${String(++usages).padStart(12, '0')}`,
  record_type: 'sim_card_usage',
  created_at: '2026-03-14T10:00:00Z',
  closed_at: '2026-03-14T10:55:00Z',
  mcc: '310',
  mnc: '260',
  imsi,
  uplink_data: up,
  downlink_data: down,
  ...(unit !== undefined && { data_unit: unit }),
})
const units: readonly Case[] = [
  {
    name: 'each by its own',
    content: (sim) =>
      JSON.stringify({
        data: [
          usage(sim, 2.5, 1, 'GB'),
          usage(sim, 75, 4, 'KB'),
          usage(sim, 75, 4, 'B'),
          usage(sim, 3, 0.5, 'MB'),
        ],
      }),
    used: home(2_503_075_075, 1_000_504_004),
  },
  {
    name: 'each by its own, to the base of 1024',
    ...mapped({ ...TELNYX, megabyte: 'MiB' }),
    content: (sim) =>
      JSON.stringify({
        data: [usage(sim, 1, 0.5, 'GB'), usage(sim, 1, 2, 'KB'), usage(sim, 1, 0, 'B')],
      }),
    used: home(2 ** 30 + 1024 + 1, 2 ** 29 + 2048),
  },
  {
    name: 'as texts, and as numbers with an exponent',
    content: (sim) =>
      `{"data":[${JSON.stringify(usage(sim, '0.75', '1e-3', 'MB'))},` +
      `${JSON.stringify(usage(sim, 0, 0, 'GB')).replace('"uplink_data":0', '"uplink_data":1.5E+0')}]}`,
    used: home(1_500_750_000, 1_000),
  },
  {
    name: 'none, or one that nobody knows, which waits',
    content: (sim) =>
      JSON.stringify({
        data: [
          usage(sim, 1, 2, undefined),
          usage(sim, 1, 2, 'Mb'),
          usage(sim, 1, 2, 'TB'),
          usage(sim, 4, 4, 'B'),
        ],
      }),
    used: home(4, 4),
    waits: ['1 invalid_field', '2 invalid_field', '3 invalid_field'],
    says: /data_unit/,
  },
  {
    name: 'decimals that are no whole bytes, each rounded once',
    content: (sim) =>
      JSON.stringify({ data: [usage(sim, 0.0015, 0.0004, 'KB'), usage(sim, 0.4, 0.6, 'B')] }),
    used: home(2, 1),
  },
  {
    name: 'on the next page, which begins with records of this one',
    content: (sim) => {
      const records = [usage(sim, 1, 2, 'KB'), usage(sim, 3, 4, 'KB'), usage(sim, 5, 6, 'KB')]
      const page = (data: unknown[], number: number) =>
        JSON.stringify({ data, meta: { page_number: number, total_pages: 2 } })
      return [page(records.slice(0, 2), 1), page(records.slice(1), 2)]
    },
    used: home(9_000, 12_000),
  },
  {
    name: 'of a session that is still open, which waits until it is closed',
    content: (sim) => {
      const closed = usage(sim, 5, 6, 'MB')
      const open = { ...closed, closed_at: null, uplink_data: 1 }
      return [JSON.stringify({ data: [open] }), JSON.stringify({ data: [closed] })]
    },
    used: home(5_000_000, 6_000_000),
    waits: ['1 invalid_field'],
    says: /closed_at/,
  },
]

export const CARRIER_CASES: readonly CaseGroup[] = [
  { title: 'a Super SIM event is counted once:', feed: SUPERSIM, cases: events },
  { title: 'a stream of events has more than usage:', feed: SUPERSIM, cases: unusual },
  { title: 'a poll says nothing of what it leaves out:', feed: CISCO, cases: polls },
  { title: 'a CSV file of emnify’s stream', feed: SUPERSIM, cases: buckets },
  {
    title: 'units of Telnyx, stated in the records:',
    feed: { format: 'mapped', settings: TELNYX },
    cases: units,
  },
]
