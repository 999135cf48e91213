/** Writes TAP3 files as a visited network would, for tests; see `ber-writer.ts`. */
import {
  ascii,
  type BerNode,
  type BerStyle,
  bcd,
  encode,
  integer,
  octets,
  seq,
} from './ber-writer.ts'

export interface TapHeader {
  readonly sender?: string
  readonly recipient?: string
  readonly sequence?: string
  /** Local time and offset. */
  readonly cutOff?: readonly [string, string] | null
  readonly release?: number | null
  readonly specification?: number
  /** Present in test files only. */
  readonly testMark?: string
  readonly rapSequence?: string
}

export interface TapFile extends TapHeader {
  readonly offsets?: readonly (readonly [code: number, offset: string])[]
  readonly events: readonly BerNode[]
  /** Null leaves the count out. */
  readonly count?: number | null
  /** Placed between the usual parts. */
  readonly moreParts?: readonly BerNode[]
  readonly withoutAudit?: boolean
}

export interface TapSubscriber {
  readonly imsi?: string
  readonly msisdn?: string
}

export interface TapStart {
  /** 14 digits. */
  readonly start?: string
  readonly offsetCode?: number
}

export interface TapData extends TapSubscriber, TapStart {
  readonly incoming?: number | bigint
  readonly outgoing?: number | bigint
  readonly chargingId?: number | bigint
  readonly partial?: string
  readonly apn?: string
  readonly servingNetwork?: string
  readonly durationSeconds?: number
  readonly rapSequence?: string
  /** How older releases list volumes, each pair a usage of its own; CHOICEs have no tag there. */
  readonly usages?: readonly (readonly [incoming: number, outgoing: number])[]
  readonly more?: readonly BerNode[]
}

export interface TapCall extends TapSubscriber, TapStart {
  readonly direction: 'mo' | 'mt'
  readonly teleservice?: string
  readonly bearerService?: string
  /** Packs the code in one octet. */
  readonly packsCode?: boolean
  readonly callReference?: string
  readonly servingNetwork?: string
  readonly oldRelease?: boolean
}

export function transferBatch(file: TapFile, style: BerStyle = {}): Uint8Array {
  const { offsets = [[1, '+0100']], events, count = events.length, moreParts = [] } = file
  const networkInfo = seq(
    6,
    seq(234, ...offsets.map(([code, text]) => seq(233, integer(232, code), ascii(231, text)))),
    seq(188, seq(183, integer(184, 7), integer(186, 3), ascii(400, '192.0.2.7'))),
  )
  const audit = seq(
    15,
    seq(101, ascii(16, '20260301000000'), ascii(231, '+0000')),
    integer(415, 1234),
    count === null ? null : integer(43, count),
  )
  return encode(
    seq(
      1,
      seq(4, ...headerItems(file)),
      seq(5, ascii(135, 'EUR'), integer(244, 3)),
      networkInfo,
      ...moreParts,
      seq(3, ...events),
      file.withoutAudit === true ? null : audit,
    ),
    style,
  )
}

export function notification(header: TapHeader, style: BerStyle = {}): Uint8Array {
  return encode(seq(2, ...headerItems(header)), style)
}

function headerItems(header: TapHeader): (BerNode | null)[] {
  const {
    sender = 'ESPVV',
    recipient = 'USAXX',
    sequence = '00042',
    cutOff = ['20260302000000', '+0100'],
    release = 12,
    specification = 3,
  } = header
  const available = cutOff === null ? null : seq(107, ascii(16, cutOff[0]), ascii(231, cutOff[1]))
  return [
    sender === '' ? null : ascii(196, sender),
    recipient === '' ? null : ascii(182, recipient),
    sequence === '' ? null : ascii(109, sequence),
    seq(108, ascii(16, '20260302010000'), ascii(231, '+0100')),
    cutOff === null ? null : seq(227, ascii(16, cutOff[0]), ascii(231, cutOff[1])),
    available,
    release === null ? null : integer(201, specification),
    release === null ? null : integer(189, release),
    header.testMark === undefined ? null : ascii(110, header.testMark),
    header.rapSequence === undefined ? null : ascii(181, header.rapSequence),
  ]
}

/** An event of data. Omitted items get defaults; '' and an absent id leave an item out. */
export function gprsCall(stated: TapData): BerNode {
  const { chargingId, partial, apn = 'iot.example', usages, rapSequence } = stated
  const isOld = usages !== undefined
  const volumes = isOld
    ? [
        seq(
          120,
          ...usages.map(([incoming, outgoing]) =>
            seq(119, integer(250, incoming), integer(251, outgoing)),
          ),
        ),
      ]
    : [
        stated.incoming === undefined ? null : integer(250, stated.incoming),
        stated.outgoing === undefined ? null : integer(251, stated.outgoing),
      ]
  return seq(
    14,
    seq(
      114,
      seq(115, subscriber(stated, isOld), ascii(167, '192.0.2.99')),
      rapSequence === undefined ? null : ascii(181, rapSequence),
      apn === '' ? null : seq(116, ascii(261, apn), ascii(262, 'mnc001.mcc214.gprs')),
      startOf(stated),
      integer(223, stated.durationSeconds ?? 600),
      integer(58, 0),
      partial === undefined ? null : ascii(166, partial),
      seq(260, ascii(16, '20260228230000'), integer(232, 1)),
      chargingId === undefined ? null : integer(72, chargingId),
    ),
    seq(
      117,
      seq(118, seq(185, integer(184, 7)), integer(136, 4660), integer(59, 51)),
      stated.servingNetwork === undefined ? null : seq(113, ascii(195, stated.servingNetwork)),
    ),
    isOld ? null : seq(429, bcd(128, '490154203237518')),
    seq(121, ...volumes, charges('X')),
    ...(stated.more ?? []),
  )
}

/** A call. It is a message if its teleservice is 21 or 22. */
export function call(stated: TapCall): BerNode {
  const { direction, teleservice, bearerService, callReference, oldRelease = false } = stated
  const isFromSim = direction === 'mo'
  const code =
    teleservice !== undefined
      ? stated.packsCode === true
        ? octets(218, Buffer.from(teleservice, 'hex'))
        : ascii(218, teleservice)
      : bearerService === undefined
        ? null
        : ascii(40, bearerService)
  const farEnd = isFromSim
    ? seq(89, bcd(407, '34600000001'), ascii(419, '34600000002'))
    : seq(41, bcd(405, '34600000003'))
  const service = code === null ? null : oldRelease ? code : seq(426, code)
  return seq(
    isFromSim ? 9 : 10,
    seq(
      isFromSim ? 147 : 153,
      subscriber(stated, oldRelease),
      farEnd,
      startOf(stated),
      integer(223, 0),
    ),
    seq(
      138,
      seq(
        156,
        integer(184, 7),
        callReference === undefined ? null : octets(45, Buffer.from(callReference, 'hex')),
        integer(136, 4660),
      ),
      stated.servingNetwork === undefined ? null : seq(113, ascii(195, stated.servingNetwork)),
    ),
    seq(38, seq(39, seq(36, service), charges('E'))),
  )
}

/** Only money and a subscriber: an event of a kind that is not counted. */
export function otherEvent(tag: number): BerNode {
  return seq(tag, seq(427, seq(199, bcd(129, '310260000000001'))), charges('D'))
}

function subscriber({ imsi, msisdn }: TapSubscriber, isOld: boolean): BerNode {
  const sim = seq(
    199,
    imsi === undefined ? null : bcd(129, imsi),
    msisdn === undefined ? null : bcd(152, msisdn),
  )
  return isOld ? sim : seq(427, sim)
}

function startOf({ start = '20260301100000', offsetCode = 1 }: TapStart): BerNode {
  return seq(
    44,
    start === '' ? null : ascii(16, start),
    offsetCode < 0 ? null : integer(232, offsetCode),
  )
}

function charges(item: string): BerNode {
  return seq(
    70,
    seq(
      69,
      ascii(66, item),
      seq(64, seq(63, ascii(71, '00'), integer(62, 250), integer(65, 2048))),
    ),
  )
}
