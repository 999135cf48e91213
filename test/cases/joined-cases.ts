/** Deliveries that somebody has made of several files: each is read by its own header, or not at all. */
import { gzipSync } from 'node:zlib'
import { atHome, type Case, type CaseGroup, type CaseSim, mapped } from './cases.ts'

const COLUMNS = 'record_id,sim,occurred_at,plmn,upload,download'
/** The same columns, with upload and download in the other order. */
const SWAPPED = 'record_id,sim,occurred_at,plmn,download,upload'
const row = ({ iccid }: CaseSim, id: string, first: number, second: number) =>
  `${id},${iccid},2026-03-14T10:00:00Z,310-260,${first},${second}`
const lines = (...texts: readonly string[]) => texts.map((text) => `${text}\n`).join('')
const OTHER_HEADER = /line 3: another header.*several files were joined/

/** Skips what is not of the type `Data`, as it would skip a second header. */
const TYPED = mapped({
  mapping: {
    source: { format: 'csv' },
    fields: {
      record_id: 'id',
      sim: 'iccid',
      occurred_at: { from: 'at' },
      plmn: 'plmn',
      upload: { from: 'up', unit: 'bytes' },
      download: { from: 'down', unit: 'bytes' },
    },
    skip: [{ field: 'type', is_not: 'Data' }],
  },
})

const joined: readonly Case[] = [
  {
    name: 'have the same header, which waits',
    content: (sim) => lines(COLUMNS, row(sim, 'a', 1, 2), COLUMNS, row(sim, 'b', 30, 40)),
    used: atHome(31, 42),
    waits: ['3 invalid_field'],
  },
  {
    name: 'have the same header behind a byte order mark, in a gzip file of two members',
    content: (sim) =>
      Buffer.concat([
        gzipSync(lines(COLUMNS, row(sim, 'a', 1, 2))),
        gzipSync(`\ufeff${lines(COLUMNS, row(sim, 'b', 30, 40))}`),
      ]),
    used: atHome(31, 42),
    waits: ['3 invalid_field'],
  },
  {
    name: 'have their columns in another order: it fails, and each counts by itself',
    content: (sim) => {
      const first = lines(COLUMNS, row(sim, 'a', 1, 2))
      const second = lines(SWAPPED, row(sim, 'b', 30, 40))
      return [first + second, first, second]
    },
    used: atHome(41, 32),
    waits: ['failed'],
    says: OTHER_HEADER,
  },
  {
    name: 'have the one a column more than the other: it fails',
    content: (sim) =>
      lines(COLUMNS, row(sim, 'a', 1, 2), `${SWAPPED},to_sim`, `${row(sim, 'b', 30, 40)},5`),
    used: [],
    waits: ['failed'],
    says: OTHER_HEADER,
  },
  {
    name: 'have headers of which the mapping skips the second: it fails',
    ...TYPED,
    content: ({ iccid }) => {
      const cells = (id: string) => `${id},${iccid},2026-03-14T10:00:00Z,310-260,7,9,Data`
      const [up, down] = ['id,iccid,at,plmn,up,down,type', 'ID,ICCID,at,plmn,down,up,type']
      return lines(up, cells('a'), down, cells('b'))
    },
    used: [],
    waits: ['failed'],
    says: OTHER_HEADER,
  },
  {
    name: 'of emnify have rx and tx in another order: it fails',
    ...mapped({ mapping: 'emnify', megabyte: 'MB', rx: 'upload', delivery: 'csv' }),
    content: ({ iccid, imsi }) => {
      const header = (volumes: string) =>
        `id,event_start,end_timestamp,sim_iccid,imsi,operator_mcc,operator_mnc,traffic_type_id,${volumes}`
      const cells = (id: number) =>
        `${id},2026-03-14T10:00:00Z,2026-03-14T10:05:00Z,${iccid},${imsi},310,260,5,1,2`
      return lines(
        header('volume_rx,volume_tx'),
        cells(800000001),
        header('volume_tx,volume_rx'),
        cells(800000002),
      )
    },
    used: [],
    waits: ['failed'],
    says: OTHER_HEADER,
  },
]

const HOLOGRAM = mapped({
  mapping: 'hologram',
  zone: 'UTC',
  total_is: 'download',
  sim: 'sim',
  country: 'read',
})
const page = ({ iccid }: CaseSim, ...bytes: readonly number[]) =>
  JSON.stringify({
    data: bytes.map((count, i) => ({
      record_id: 10 * count + i,
      sim: iccid,
      timestamp: '2026-03-14 10:00:00',
      country: 'MX',
      bytes: count,
    })),
  })
const documents: readonly Case[] = [
  {
    name: 'with an error in the place of the last page, which a warning tells',
    ...HOLOGRAM,
    content: (sim) => `${page(sim, 500)}\n${page(sim)}\n{"success":false,"error":"rate limit"}`,
    used: ['international_roaming MX 0/500/0/0'],
    warns: [/^1 document has nothing at "data", where the mapping says the records are$/],
  },
  {
    name: 'with errors alone: it fails',
    ...HOLOGRAM,
    content: () => '{"success":false,"error":"rate limit"}{"success":false}',
    used: [],
    waits: ['failed'],
    says: /there is nothing at "data"/,
  },
  {
    name: 'as XML, which has one document: it fails, and says what to do',
    ...mapped({ mapping: 'things-mobile', zone: 'Europe/Rome', total_is: 'download' }),
    content: ({ msisdn }) => {
      const answer =
        '<?xml version="1.0"?><result><cdrsPaginated><cdrPaginated><cdrCountry>MEX</cdrCountry>' +
        `<cdrDateStop>2026-03-14 10:00:00</cdrDateStop><cdrMsisdn>${msisdn}</cdrMsisdn>` +
        '<cdrTraffic>7</cdrTraffic></cdrPaginated></cdrsPaginated></result>\n'
      return [answer + answer, answer]
    },
    used: ['international_roaming MX 0/7/0/0'],
    waits: ['failed'],
    says: /another document, deliver each by itself/,
  },
]

export const JOINED_CASES: readonly CaseGroup[] = [
  { title: 'tables that were joined', feed: { format: 'csv' }, cases: joined },
  { title: 'answers of a server that were joined', feed: { format: 'mapped' }, cases: documents },
]
