/** Carriers' records as their documents and their customers show them: each counts once, and as it says. */
import {
  atHome,
  type Case,
  type CaseGroup,
  type CaseSim,
  type FeedSetUp,
  jsonLines,
  mapped,
} from './cases.ts'

const CISCO: FeedSetUp = {
  format: 'mapped',
  onConflict: 'max',
  defaultZone: 'home',
  settings: { mapping: 'cisco-control-center', total_is: 'download', sms: 'to_sim' },
}
const cisco =
  (...answers: readonly object[]) =>
  ({ iccid }: CaseSim) =>
    jsonLines(
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
      return jsonLines(
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
    used: atHome(250_001, 1_500_000),
  },
  {
    name: 'has data and SMS, and the same record twice',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: (sim) => [
      sheet(row(sim, 700000001, '5,1,2'), row(sim, 700000002, '6,3,4')),
      sheet(row(sim, 700000002, '6,3,4'), row(sim, 700000003, '5,0,0.000001')),
    ],
    used: atHome(1_000_000, 2_000_001, 4, 3),
  },
  {
    name: 'has more columns, in another order, and quotes around all of them',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: ({ iccid, imsi }) =>
      '"volume_tx","volume_rx","volume_total","id","event_start","end_timestamp","sim_iccid","imsi","operator_mcc","operator_mnc","traffic_type_id","imei"\r\n' +
      `"0.5","0.25","0.75","700000001","2026-03-14T10:00:00Z","2026-03-14T10:05:00Z","${iccid}","${imsi}","310","260","5",""\r\n`,
    used: atHome(250_000, 500_000),
  },
  {
    name: 'has voice records, which wait',
    ...mapped({ ...EMNIFY, delivery: 'csv' }),
    content: (sim) => sheet(row(sim, 700000001, '2,60,60'), row(sim, 700000002, '5,1,0')),
    used: atHome(1_000_000, 0),
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
    used: atHome(2_503_075_075, 1_000_504_004),
  },
  {
    name: 'each by its own, to the base of 1024',
    ...mapped({ ...TELNYX, megabyte: 'MiB' }),
    content: (sim) =>
      JSON.stringify({
        data: [usage(sim, 1, 0.5, 'GB'), usage(sim, 1, 2, 'KB'), usage(sim, 1, 0, 'B')],
      }),
    used: atHome(2 ** 30 + 1024 + 1, 2 ** 29 + 2048),
  },
  {
    name: 'as texts, and as numbers with an exponent',
    content: (sim) =>
      `{"data":[${JSON.stringify(usage(sim, '0.75', '1e-3', 'MB'))},` +
      `${JSON.stringify(usage(sim, 0, 0, 'GB')).replace('"uplink_data":0', '"uplink_data":1.5E+0')}]}`,
    used: atHome(1_500_750_000, 1_000),
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
    used: atHome(4, 4),
    waits: ['1 invalid_field', '2 invalid_field', '3 invalid_field'],
    says: /data_unit/,
  },
  {
    name: 'decimals that are no whole bytes, each rounded once',
    content: (sim) =>
      JSON.stringify({ data: [usage(sim, 0.0015, 0.0004, 'KB'), usage(sim, 0.4, 0.6, 'B')] }),
    used: atHome(2, 1),
  },
  {
    name: 'on the next page, which begins with records of this one',
    content: (sim) => {
      const records = [usage(sim, 1, 2, 'KB'), usage(sim, 3, 4, 'KB'), usage(sim, 5, 6, 'KB')]
      const page = (data: unknown[], number: number) =>
        JSON.stringify({ data, meta: { page_number: number, total_pages: 2 } })
      return [page(records.slice(0, 2), 1), page(records.slice(1), 2)]
    },
    used: atHome(9_000, 12_000),
  },
  {
    name: 'of a session that is still open, which waits until it is closed',
    content: (sim) => {
      const closed = usage(sim, 5, 6, 'MB')
      const open = { ...closed, closed_at: null, uplink_data: 1 }
      return [JSON.stringify({ data: [open] }), JSON.stringify({ data: [closed] })]
    },
    used: atHome(5_000_000, 6_000_000),
    waits: ['1 invalid_field'],
    says: /closed_at/,
  },
]

const HOLED = { mapping: 'telnyx-wdr', megabyte: 'MB' }
const holed = ({ imsi }: CaseSim, id: number, volumes: object) => ({
  id: `wdr-${id}`,
  record_type: 'wdr',
  created_at: '2026-03-14T10:00:00Z',
  mcc: '310',
  mnc: '260',
  imsi,
  ...volumes,
})
const unlike: readonly Case[] = [
  {
    name: 'volumes as the other interface writes them, which wait',
    content: (sim) =>
      JSON.stringify({
        data: [
          holed(sim, 1, { uplink_data: 1.5, downlink_data: '2', data_unit: 'MB' }),
          holed(sim, 2, { uplink_data: { amount: '1.5', unit: 'KB' }, downlink_data: '' }),
        ],
      }),
    used: atHome(1_500, 0),
    waits: ['1 invalid_field'],
    says: /"uplink_data\.amount": .*inside a text/,
  },
  {
    name: 'volumes under names that nobody expects, with a warning',
    content: (sim) =>
      JSON.stringify({
        data: [
          holed(sim, 3, { uplink: { amount: 1, unit: 'KB' } }),
          holed(sim, 4, { downlink_data: { amount: 3, unit: 'KB' } }),
        ],
      }),
    used: atHome(0, 3_000),
    warns: [/^1 record states none of the counters .*adds nothing: upload, download$/],
  },
  {
    name: 'no days where they are expected, with a warning',
    ...mapped({ mapping: '1nce-statistics', megabyte: 'MB' }),
    content: ({ iccid }) =>
      JSON.stringify([
        { iccid, message: 'Not found' },
        { iccid, stats: 'none' },
        { iccid, stats: [] },
      ]),
    used: [],
    warns: [/^2 records have no list or map of entries at "stats", and no usage$/],
  },
]

const HOLOGRAM: FeedSetUp = {
  format: 'mapped',
  defaultZone: 'home',
  settings: { mapping: 'hologram', zone: 'UTC', total_is: 'download' },
}
const numbered: readonly Case[] = [
  {
    name: 'its link, in a session',
    feed: HOLOGRAM,
    content: ({ msisdn }) =>
      `{"data":[{"record_id":1,"linkid":${msisdn},"timestamp":"2026-03-14 10:00:00","bytes":500}]}`,
    used: ['home - 0/500/0/0'],
  },
  {
    name: 'its device, in the totals of a day that grow',
    feed: {
      ...HOLOGRAM,
      onConflict: 'replace',
      settings: { mapping: 'hologram-daily', total_is: 'upload', sim: 'deviceid' },
    },
    content: ({ msisdn }) =>
      [500, 700].map(
        (bytes) => `{"data":[{"deviceid":${msisdn},"date":"2026-03-14","bytes":${bytes}}]}`,
      ),
    used: ['home - 700/0/0/0'],
  },
]

const texts: readonly Case[] = [
  {
    name: 'in XML, which waits',
    feed: {
      format: 'mapped',
      settings: { mapping: 'things-mobile', zone: 'Europe/Rome', total_is: 'download' },
    },
    content: ({ msisdn }) =>
      `<result><cdrsPaginated>${['1.234', '1.234.567', '1000.0']
        .map(
          (traffic) =>
            '<cdrPaginated><cdrCountry>USA</cdrCountry><cdrDateStop>2026-03-14 10:00:00</cdrDateStop>' +
            `<cdrMsisdn>${msisdn}</cdrMsisdn><cdrTraffic>${traffic}</cdrTraffic></cdrPaginated>`,
        )
        .join('')}</cdrsPaginated></result>`,
    used: ['national_roaming US 0/1000/0/0'],
    waits: ['1 invalid_field', '2 invalid_field'],
    says: /cdrTraffic/,
  },
  {
    name: 'in a text of JSON, which waits; a number of JSON is a fraction',
    content: ({ iccid }) => {
      const readAt = '2026-03-14T05:00:00Z'
      return jsonLines(
        { iccid, ctdDataUsage: '1.234', ctdSMSUsage: 1, readAt },
        { iccid, ctdDataUsage: 1.234, ctdSMSUsage: 2, readAt },
      )
    },
    used: device(1, 2),
    waits: ['1 invalid_field'],
    says: /"1\.234" in .*either a fraction or has grouped thousands/,
  },
]

export const CARRIER_CASES: readonly CaseGroup[] = [
  { title: 'a poll says nothing of what it leaves out:', feed: CISCO, cases: polls },
  { title: 'a CSV file of emnify’s stream', feed: { format: 'mapped' }, cases: buckets },
  { title: 'a SIM is registered with the number of', feed: HOLOGRAM, cases: numbered },
  { title: 'bytes that may have their thousands in groups,', feed: CISCO, cases: texts },
  {
    title: 'units of Telnyx, stated in the records:',
    feed: { format: 'mapped', settings: TELNYX },
    cases: units,
  },
  {
    title: 'records that are not as expected are told:',
    feed: { format: 'mapped', settings: HOLED },
    cases: unlike,
  },
]
