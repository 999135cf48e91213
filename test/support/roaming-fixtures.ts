/**
 * The example files of TAP3 and NRTRDE, as made by their writers. `node roaming-fixtures.ts` puts them
 * below `test/fixtures/`. What each comes to, and with which feed settings, is beside it and written by
 * hand.
 */
import { writeFileSync } from 'node:fs'
import { ascii, type BerNode, encode, integer, octets, seq } from './ber-writer.ts'
import { nrtrdeEvent, nrtrdeFile } from './nrtrde-writer.ts'
import {
  call,
  gprsCall,
  notification,
  otherEvent,
  type TapData,
  transferBatch,
} from './tap3-writer.ts'

export interface RoamingFixture {
  readonly format: 'tap3' | 'nrtrde'
  /** With its extension. */
  readonly file: string
  readonly bytes: Uint8Array
}

const IMSI = '310260000000001'
const OTHER_IMSI = '310260000000002'
const MSISDN = '15550000001'

const session = [
  gprsCall({
    imsi: IMSI,
    msisdn: MSISDN,
    incoming: 2_763_049,
    outgoing: 731_560,
    chargingId: 4_026_531_842,
    partial: 'F',
    start: '20260301005959',
  }),
  gprsCall({
    imsi: IMSI,
    incoming: 5_000_000_000,
    outgoing: 0,
    chargingId: 4_026_531_842,
    partial: 'L',
    start: '20260301015959',
    servingNetwork: 'PRTTM',
  }),
  call({ direction: 'mo', imsi: IMSI, teleservice: '22', start: '20260301110000', offsetCode: 2 }),
  call({ direction: 'mt', imsi: IMSI, teleservice: '21', callReference: '00c0ffee' }),
]
const sessionOffsets = [
  [1, '+0100'],
  [2, '+0000'],
] as const

/** An event that differs from a plain one only in what the case is about. */
const data = (stated: TapData = {}) =>
  gprsCall({ imsi: IMSI, incoming: 1, outgoing: 2, chargingId: 7, ...stated })

function nested(depth: number): BerNode {
  return depth === 0 ? ascii(163, 'deep') : seq(162, nested(depth - 1))
}

/** The bytes with the first occurrence of a sequence replaced. */
function patched(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const hex = Buffer.from(bytes).toString('hex')
  const at = hex.indexOf(from)
  if (at === -1 || at % 2 === 1) throw new Error(`${from} is not in the file`)
  return Buffer.from(hex.slice(0, at) + to + hex.slice(at + from.length), 'hex')
}

const oneSession = transferBatch({ events: session, offsets: sessionOffsets })

const tap3Files: Record<string, Uint8Array> = {
  'one-session': oneSession,
  'indefinite-lengths': transferBatch(
    { events: session, offsets: sessionOffsets },
    { indefinite: true },
  ),
  'padded-lengths': transferBatch(
    { events: session, offsets: sessionOffsets },
    { lengthPadding: 3 },
  ),
  'zeros-at-the-end': Buffer.concat([oneSession, new Uint8Array(40)]),
  'release-4': transferBatch({
    release: 4,
    events: [
      gprsCall({
        imsi: IMSI,
        chargingId: 5,
        usages: [
          [1_000, 10],
          [2_000, 20],
          [0, 0],
        ],
      }),
      call({ direction: 'mo', imsi: IMSI, teleservice: '22', oldRelease: true }),
    ],
  }),
  notification: notification({ sequence: '00043' }),
  'other-events': transferBatch({
    events: [
      call({ direction: 'mo', imsi: IMSI, teleservice: '11' }),
      call({ direction: 'mt', imsi: IMSI, teleservice: '11' }),
      call({ direction: 'mo', imsi: IMSI, bearerService: '26' }),
      call({ direction: 'mt', imsi: IMSI }),
      ...[11, 12, 17, 297, 433, 434, 500].map(otherEvent),
      octets(20, Buffer.from('a primitive one')),
      data(),
    ],
  }),
  'unknown-tags': transferBatch({
    moreParts: [seq(480, ascii(481, 'a part of later releases'))],
    events: [
      data({
        more: [
          seq(490, ascii(491, 'x'), seq(490, integer(250, 99))),
          { tag: 4, classBits: 0x80, content: Buffer.from('context') },
        ],
      }),
    ],
  }),
  offsets: transferBatch({
    offsets: [
      [1, '+0545'],
      [2, '-0930'],
      [3, '+01:00'],
      [4, '+0100'],
      [4, '+0200'],
    ],
    events: [
      data({ start: '20260301000000', offsetCode: 1 }),
      data({ start: '20260228235959', offsetCode: 2 }),
      data({ offsetCode: 3 }),
      data({ offsetCode: 4 }),
      data({ offsetCode: 5 }),
      data({ offsetCode: -1 }),
    ],
  }),
  times: transferBatch({
    events: [
      data({ start: '20240229235959' }),
      data({ start: '20250229000000' }),
      data({ start: '20261301000000' }),
      data({ start: '20260301240000' }),
      data({ start: '202603011000' }),
      data({ start: '2026030110000x' }),
      data({ start: '' }),
      data({ start: '00010101000000' }),
    ],
  }),
  numbers: transferBatch({
    events: [
      data({ incoming: 0, outgoing: 0 }),
      data({
        incoming: Number.MAX_SAFE_INTEGER,
        outgoing: 4_294_967_296,
        chargingId: 2n ** 64n - 1n,
      }),
      data({ incoming: 2n ** 53n, outgoing: 2n ** 63n }),
      data({ incoming: -1, outgoing: -(2n ** 60n) }),
      gprsCall({ imsi: IMSI, incoming: 3, chargingId: 7 }),
      gprsCall({ imsi: IMSI, chargingId: 7 }),
      data({ chargingId: -7 }),
      gprsCall({ imsi: IMSI, incoming: 1, outgoing: 2 }),
      data({ more: [seq(121, octets(251, new Uint8Array(0)))] }),
      gprsCall({
        imsi: IMSI,
        incoming: 4,
        chargingId: 8,
        more: [seq(121, octets(251, new Uint8Array(0)))],
      }),
    ],
  }),
  subscribers: transferBatch({
    events: [
      gprsCall({ msisdn: MSISDN, incoming: 1, chargingId: 1 }),
      gprsCall({ imsi: OTHER_IMSI, msisdn: MSISDN, incoming: 1, chargingId: 2 }),
      gprsCall({ incoming: 1, chargingId: 3 }),
      gprsCall({ imsi: '31026000000000b', incoming: 1, chargingId: 4 }),
      gprsCall({ imsi: '31026', incoming: 1, chargingId: 5 }),
    ],
  }),
  messages: transferBatch({
    events: [
      call({ direction: 'mo', imsi: IMSI, teleservice: '22' }),
      call({ direction: 'mo', imsi: IMSI, teleservice: '22', callReference: '0000' }),
      call({ direction: 'mo', imsi: OTHER_IMSI, teleservice: '22' }),
      call({ direction: 'mo', imsi: IMSI, teleservice: '22', start: '20260301100001' }),
      call({ direction: 'mt', imsi: IMSI, teleservice: '21', packsCode: true }),
      call({ direction: 'mt', imsi: IMSI, teleservice: '21', callReference: 'ab01' }),
      call({ direction: 'mt', imsi: IMSI, teleservice: '22' }),
      call({ direction: 'mo', imsi: IMSI, teleservice: '21' }),
      call({ direction: 'mo', imsi: IMSI, teleservice: '22', callReference: 'ab'.repeat(33) }),
    ],
  }),
  networks: transferBatch({
    sender: 'XXX01',
    events: [
      data(),
      data({ servingNetwork: 'ESPVV' }),
      data({ servingNetwork: 'ESPAT' }),
      data({ servingNetwork: 'USACG' }),
      data({ servingNetwork: 'K0001' }),
      data({ servingNetwork: 'AAM01' }),
      data({ servingNetwork: 'WWWIF' }),
      data({ servingNetwork: 'ZZZ99' }),
      data({ servingNetwork: 'Spain' }),
    ],
  }),
  'another-count': transferBatch({ events: [data()], count: 2 }),
  'another-count-allowed': transferBatch({ events: [data()], count: 2 }),
  'no-audit': transferBatch({ events: [data()], withoutAudit: true }),
  'no-facts': transferBatch({ events: [data()], sequence: '', cutOff: null, release: null }),
  'no-sender': transferBatch({ events: [data()], sender: '' }),
  'test-file': transferBatch({ events: [data()], testMark: 'T' }),
  'test-file-counted': transferBatch({ events: [data()], testMark: 'T' }),
  'another-version': transferBatch({ events: [data()], release: 13 }),
  'cut-in-an-event': oneSession.subarray(0, oneSession.length - 300),
  'cut-after-the-events': oneSession.subarray(0, oneSession.length - 20),
  'two-batches': Buffer.concat([oneSession, oneSession]),
  'longer-than-its-parent': patched(
    transferBatch({ events: [data({ start: '20260301100000' }), data({ chargingId: 8 })] }),
    // callEventStartTimeStamp, whose local time claims one byte more than is left of the event.
    '500e3230323630333031313030303030',
    '507f3230323630333031313030303030',
  ),
  'too-many-length-octets': patched(transferBatch({ events: [data()] }), '6e81', '6ef1'),
  'too-deep': transferBatch({ events: [data({ more: [nested(100)] }), data({ chargingId: 8 })] }),
  'too-deep-indefinite': transferBatch(
    { events: [data({ more: [nested(100)] })] },
    { indefinite: true },
  ),
  'header-too-long': Buffer.from('6180' + '6480' + '7f6c88000000ffffffffff' + '00', 'hex'),
  'event-too-long': Buffer.concat([
    Buffer.from('6180', 'hex'),
    encode(seq(4, ascii(196, 'ESPVV'), ascii(182, 'USAXX'))),
    Buffer.from('6380' + '6e847fffffff' + '00', 'hex'),
  ]),
  'long-tag': Buffer.concat([
    Buffer.from('6180', 'hex'),
    encode(seq(4, ascii(196, 'ESPVV'), ascii(182, 'USAXX'))),
    Buffer.from('7fffffffff7f00', 'hex'),
  ]),
  'nrtrde-file': nrtrdeFile({ events: [nrtrdeEvent({ kind: 'gprs', imsi: IMSI, incoming: 1 })] }),
  'rap-file': encode(seq(534, seq(535, ascii(196, 'USAXX')), ascii(182, 'ESPVV'))),
  'text-file': Buffer.from('record_id,sim,occurred_at,upload\nr1,310260000000001,2026-03-01,ñ\n'),
}

const oneNrtrde = [
  nrtrdeEvent({ kind: 'gprs', imsi: IMSI, incoming: 2_763_049, outgoing: 731_560, chargingId: 42 }),
  nrtrdeEvent({
    kind: 'moc',
    imsi: IMSI,
    teleservice: '22',
    start: '20260301110000',
    offset: '-0500',
  }),
  nrtrdeEvent({
    kind: 'mtc',
    imsi: IMSI,
    teleservice: '21',
    callReference: 99,
    servingNetwork: 'PRTTM',
  }),
  nrtrdeEvent({ kind: 'moc', imsi: IMSI, teleservice: '11' }),
]

const nrtrdeFiles: Record<string, Uint8Array> = {
  'one-session': nrtrdeFile({ events: oneNrtrde }),
  'indefinite-lengths': nrtrdeFile({ events: oneNrtrde }, { indefinite: true }),
  faults: nrtrdeFile({
    events: [
      nrtrdeEvent({ kind: 'gprs', incoming: 1, chargingId: 1 }),
      nrtrdeEvent({ kind: 'gprs', imsi: IMSI, incoming: -1, outgoing: 2, chargingId: 1 }),
      nrtrdeEvent({ kind: 'gprs', imsi: IMSI, chargingId: 1, offset: '' }),
      nrtrdeEvent({ kind: 'gprs', imsi: IMSI, incoming: 1, offset: 'UTC+1', start: '2026' }),
      nrtrdeEvent({ kind: 'mtc', imsi: IMSI, teleservice: '22' }),
      nrtrdeEvent({ kind: 'gprs', imsi: IMSI, incoming: 1, more: [nested(100)] }),
      nrtrdeEvent({ kind: 'gprs', msisdn: MSISDN, incoming: 1, more: [ascii(77, 'later')] }),
      seq(9, ascii(34, 'another kind')),
    ],
    more: [integer(60, 1)],
  }),
  'another-count': nrtrdeFile({ events: oneNrtrde, count: 5 }),
  'another-version': nrtrdeFile({ events: oneNrtrde, specification: 1, release: 5 }),
  'no-sender': nrtrdeFile({ events: oneNrtrde, sender: '' }),
  'no-events': nrtrdeFile({ events: [] }),
  cut: nrtrdeFile({ events: oneNrtrde }).subarray(0, 200),
  'tap3-file': oneSession,
  'tap3-notification': notification({}),
}

function fixtures(
  format: RoamingFixture['format'],
  ending: string,
  files: Record<string, Uint8Array>,
): RoamingFixture[] {
  return Object.entries(files).map(([name, bytes]) => ({
    format,
    file: `${name}.${ending}`,
    bytes,
  }))
}

export const ROAMING_FIXTURES: readonly RoamingFixture[] = [
  ...fixtures('tap3', 'tap', tap3Files),
  ...fixtures('nrtrde', 'nrt', nrtrdeFiles),
]

export function fixtureFolder(format: RoamingFixture['format']): URL {
  return new URL(`../fixtures/${format}/`, import.meta.url)
}

if (import.meta.main) {
  for (const { format, file, bytes } of ROAMING_FIXTURES) {
    writeFileSync(new URL(file, fixtureFolder(format)), bytes)
  }
}
