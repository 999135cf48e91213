/**
 * The same usage written in every format that can carry it. Each writer starts from the usage rather than
 * another format's text, and shares nothing with the readers.
 */
import type { Feed } from '../../src/domain/directory.ts'
import type { Imsi } from '../../src/domain/identifiers.ts'
import { nrtrdeEvent, nrtrdeFile } from './nrtrde-writer.ts'
import { call, gprsCall, transferBatch } from './tap3-writer.ts'

export interface Network {
  readonly mcc: string
  readonly mnc: string
  readonly tadig: string
  /**
   * If true, feeds of roaming batches are told which PLMN the TADIG code names. Otherwise, only its
   * country is known.
   */
  readonly isSet: boolean
}

/** At home, in the home country, abroad, in a country without an ISO code, and in none. */
export const NETWORKS: readonly Network[] = [
  { mcc: '310', mnc: '260', tadig: 'USAW6', isSet: true },
  { mcc: '310', mnc: '410', tadig: 'USACG', isSet: true },
  { mcc: '334', mnc: '020', tadig: 'MEXTL', isSet: true },
  { mcc: '262', mnc: '01', tadig: 'DEUD1', isSet: false },
  { mcc: '268', mnc: '06', tadig: 'PRTTM', isSet: false },
  { mcc: '221', mnc: '01', tadig: 'K00VM', isSet: false },
  { mcc: '901', mnc: '18', tadig: 'AAU18', isSet: false },
]

/** Usage between the previous portion, or the start, and `at`. */
export interface Portion {
  readonly at: number
  readonly network: Network
  readonly upload: number
  readonly download: number
}

export interface Session {
  readonly imsi: Imsi
  /** The charging id in all formats. */
  readonly number: number
  /** In order of time, at most one per second. */
  readonly portions: readonly Portion[]
}

/** A Command, which carriers report as a message. */
export interface Message {
  readonly imsi: Imsi
  /** Tells messages of one second apart. Counts from 1. */
  readonly number: number
  readonly at: number
  readonly network: Network
  readonly direction: 'to_sim' | 'from_sim'
}

export interface Usage {
  readonly sessions: readonly Session[]
  readonly messages: readonly Message[]
}

type FeedSetUp = Pick<Feed, 'format'> & Partial<Pick<Feed, 'settings' | 'onConflict'>>

export interface FormatWriter<Item = unknown> {
  readonly name: string
  readonly feed: FeedSetUp
  readonly contentType: string
  readonly carriesMessages: boolean
  /** In any order, and repeated, they mean the same usage. */
  items(usage: Usage): Item[]
  delivery(items: readonly Item[]): string | Uint8Array
}

/** Keeps the writers' own item types, and hides them from code that only passes items on. */
function writer<Item>(of: FormatWriter<Item>): FormatWriter {
  return of as FormatWriter
}

type Counters = Readonly<Record<'upload' | 'download' | 'to_sim' | 'from_sim', number>>
interface FlatRecord extends Counters {
  readonly record_id: string
  readonly sim: string
  readonly at: number
  readonly network: Network
}

const NOTHING: Counters = { upload: 0, download: 0, to_sim: 0, from_sim: 0 }

function flatRecords({ sessions, messages }: Usage): FlatRecord[] {
  const data = sessions.flatMap(({ imsi, number, portions }) =>
    portions.map((portion) => ({ ...NOTHING, record_id: `s${number}`, sim: imsi, ...portion })),
  )
  const commands = messages.map(({ imsi, number, at, network, direction }) => ({
    ...{ ...NOTHING, [direction]: 1 },
    ...{ record_id: `m${number}`, sim: imsi, at, network },
  }))
  return [...data, ...commands]
}

const iso = (at: number) => new Date(at * 1_000).toISOString().replace('.000', '')
const lines = (of: readonly string[]) => of.map((line) => `${line}\n`).join('')

const csv = writer<FlatRecord>({
  name: 'CSV',
  feed: { format: 'csv' },
  contentType: 'text/csv',
  carriesMessages: true,
  items: flatRecords,
  delivery: (items) =>
    lines([
      'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim',
      ...items.map(({ record_id, sim, at, network: { mcc, mnc }, ...counted }) => {
        const { upload, download, to_sim, from_sim } = counted
        return `${record_id},${sim},${iso(at)},${mcc}-${mnc},${upload},${download},${to_sim},${from_sim}`
      }),
    ]),
})

const ndjson = writer<FlatRecord>({
  name: 'NDJSON',
  feed: { format: 'ndjson' },
  contentType: 'application/x-ndjson',
  carriesMessages: true,
  items: flatRecords,
  delivery: (items) =>
    lines(
      items.map(({ at, network: { mcc, mnc }, ...rest }) =>
        JSON.stringify({ ...rest, occurred_at: iso(at), plmn: `${mcc}${mnc}` }),
      ),
    ),
})

const cloudEvents = writer<FlatRecord>({
  name: 'CloudEvents',
  feed: { format: 'mapped', settings: { mapping: 'supersim', usage: 'updated', sim: 'imsi' } },
  contentType: 'application/cloudevents-batch+json',
  // Super SIM has no event for a delivered SMS.
  carriesMessages: false,
  items: flatRecords,
  delivery: (items) =>
    JSON.stringify(
      items.map(({ record_id, sim, at, network: { mcc, mnc }, upload, download }) => ({
        specversion: '1.0',
        type: 'com.twilio.iot.supersim.connection.data-session.updated',
        source: '/v1/Sims',
        // Every event has its own id, which alone tells updates of one session apart.
        id: `EZ-${record_id}-${at}`,
        time: iso(at + 2),
        data: {
          imsi: sim,
          network: { mcc, mnc },
          timestamp: iso(at + 2),
          data_session_update_end_time: iso(at),
          data_upload: upload,
          data_download: download,
          data_total: upload + download,
        },
      })),
    ),
})

/** UTC offsets for the local times of one file, which differ from event to event. */
const OFFSETS = [
  { code: 1, text: '+0100', seconds: 3_600 },
  { code: 2, text: '-0930', seconds: -34_200 },
  { code: 3, text: '+0545', seconds: 20_700 },
] as const

function localTime(at: number) {
  const offset = OFFSETS[at % OFFSETS.length]!
  return { start: iso(at + offset.seconds).replaceAll(/\D/g, ''), offset }
}

const ROAMING_SETTINGS = {
  networks: Object.fromEntries(
    NETWORKS.filter(({ isSet }) => isSet).map(({ tadig, mcc, mnc }) => [
      tadig,
      { plmn: `${mcc}-${mnc}` },
    ]),
  ),
}

interface RoamingItem {
  readonly imsi: Imsi
  readonly number: number
  readonly part: string
  readonly used: Portion | Message
}

/** A session's portions are its partial records: first, intermediate, last. */
function roamingItems({ sessions, messages }: Usage): RoamingItem[] {
  const data = sessions.flatMap(({ imsi, number, portions }) =>
    portions.map((used, i) => {
      const part = i === 0 ? 'F' : i === portions.length - 1 ? 'L' : 'I'
      return { imsi, number, part, used }
    }),
  )
  return [...data, ...messages.map((used) => ({ ...used, part: '', used }))]
}

/** Networks other than the sender's are named in the event. */
const SENDER = NETWORKS[2]!.tadig
const servingNetwork = ({ tadig }: Network) => (tadig === SENDER ? {} : { servingNetwork: tadig })

const tap3 = writer<RoamingItem>({
  name: 'TAP3',
  feed: { format: 'tap3', settings: ROAMING_SETTINGS },
  contentType: 'application/octet-stream',
  carriesMessages: true,
  items: roamingItems,
  delivery: (items) =>
    transferBatch({
      sender: SENDER,
      offsets: OFFSETS.map(({ code, text }) => [code, text] as const),
      events: items.map(({ imsi, number, part, used }) => {
        const { start, offset } = localTime(used.at)
        const common = { imsi, start, offsetCode: offset.code, ...servingNetwork(used.network) }
        return 'direction' in used
          ? call({ ...common, ...service(used), callReference: hex(number) })
          : gprsCall({ ...common, chargingId: number, partial: part, ...volumes(used) })
      }),
    }),
})

const nrtrde = writer<RoamingItem>({
  name: 'NRTRDE',
  feed: { format: 'nrtrde', settings: ROAMING_SETTINGS },
  contentType: 'application/octet-stream',
  carriesMessages: true,
  items: roamingItems,
  delivery: (items) =>
    nrtrdeFile({
      sender: SENDER,
      events: items.map(({ imsi, number, used }) => {
        const { start, offset } = localTime(used.at)
        const common = { imsi, start, offset: offset.text, ...servingNetwork(used.network) }
        if (!('direction' in used)) {
          return nrtrdeEvent({ ...common, kind: 'gprs', chargingId: number, ...volumes(used) })
        }
        const { direction, teleservice } = service(used)
        const kind = direction === 'mo' ? 'moc' : 'mtc'
        return nrtrdeEvent({ ...common, kind, teleservice, callReference: number })
      }),
    }),
})

/** Incoming is what came to the device. */
const volumes = ({ upload, download }: Portion) => ({ incoming: download, outgoing: upload })

const service = ({ direction }: Message) =>
  direction === 'from_sim'
    ? ({ direction: 'mo', teleservice: '22' } as const)
    : ({ direction: 'mt', teleservice: '21' } as const)

const hex = (number: number) => number.toString(16).padStart(8, '0')

type Packet = Readonly<Record<string, string | number>>

/** A start, what the counters stood at after each portion, and some readings that others exceed. */
function packets({ sessions }: Usage): Packet[] {
  return sessions.flatMap(({ imsi, number, portions }) => {
    const first = portions[0]!
    let upload = 0
    let download = 0
    const packet = (type: string, { at, network }: Portion) => ({
      'Acct-Status-Type': type,
      'NAS-Identifier': 'pgw-1',
      'Acct-Session-Id': `C0000211${hex(number)}`,
      '3GPP-IMSI': imsi,
      '3GPP-Charging-ID': number,
      '3GPP-SGSN-MCC-MNC': `${network.mcc}${network.mnc}`,
      ...octets('Input', upload),
      ...octets('Output', download),
      ...timeOfReading(at),
    })
    const started = packet('Start', { ...first, at: first.at - 1 })
    return [
      ...(number % 2 === 0 ? [started] : []),
      ...portions.flatMap((portion, i) => {
        const halfway = [Math.floor(portion.upload / 2), Math.floor(portion.download / 2)] as const
        upload += halfway[0]
        download += halfway[1]
        // Two readings in one second, of which the larger is the later one.
        const early = portion.at % 4 === 0 ? [packet('Interim-Update', portion)] : []
        upload += portion.upload - halfway[0]
        download += portion.download - halfway[1]
        const type = i === portions.length - 1 ? 'Stop' : 'Interim-Update'
        return [...early, packet(type, portion)]
      }),
    ]
  })
}

function octets(direction: 'Input' | 'Output', count: number): Packet {
  const gigawords = Math.floor(count / 2 ** 32)
  return {
    [`Acct-${direction}-Octets`]: count % 2 ** 32,
    ...(gigawords > 0 && { [`Acct-${direction}-Gigawords`]: gigawords }),
  }
}

/** When the counters were read, as servers write it; the time of receipt if there is no other. */
function timeOfReading(at: number): Packet {
  const received = { Timestamp: at + 3 }
  const [, month, year, time] = /^\w+, \d\d (\w+) (\d+) (\S+)/.exec(utc(at))!
  const day = String(new Date(at * 1_000).getUTCDate()).padStart(2)
  const spellings: readonly Packet[] = [
    { ...received, 'Event-Timestamp': at },
    { ...received, 'Event-Timestamp': `${month} ${day} ${year} ${time} UTC` },
    { ...received, 'Event-Timestamp': iso(at + 20_700).replace('Z', '+05:45') },
    { ...received, 'Acct-Delay-Time': 3 },
  ]
  return spellings[at % spellings.length]!
}

const utc = (at: number) => new Date(at * 1_000).toUTCString()

// RADIUS has no packet for a message.
const RADIUS = { feed: { format: 'radius', onConflict: 'max' }, carriesMessages: false } as const

const radiusJson = writer<Packet>({
  ...RADIUS,
  name: 'RADIUS as JSON',
  contentType: 'application/json',
  items: packets,
  delivery: (items) => lines(items.map((packet) => JSON.stringify(packet))),
})

const radiusDetail = writer<Packet>({
  ...RADIUS,
  name: 'RADIUS as detail text',
  contentType: 'text/plain',
  items: packets,
  delivery: (items) => items.map(detailBlock).join(''),
})

function detailBlock(packet: Packet): string {
  const attributes = Object.entries(packet).map(([name, value]) => {
    const isBare = typeof value === 'number' || name === 'Acct-Status-Type'
    return `\t${name} = ${isBare ? value : `"${value}"`}`
  })
  return lines(['Sun Mar 15 12:34:56 2026', ...attributes, ''])
}

export const FORMAT_WRITERS: readonly FormatWriter[] = [
  ...[csv, ndjson, cloudEvents, tap3, nrtrde, radiusJson, radiusDetail],
]
