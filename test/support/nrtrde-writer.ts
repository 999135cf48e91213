/** Writes NRTRDE files as a visited network would, for tests; see `ber-writer.ts`. */
import { ascii, type BerNode, type BerStyle, bcd, encode, integer, seq } from './ber-writer.ts'

export interface NrtrdeFile {
  readonly sender?: string
  readonly recipient?: string
  readonly sequence?: string
  readonly specification?: number
  readonly release?: number
  readonly events: readonly BerNode[]
  readonly count?: number
  readonly more?: readonly BerNode[]
}

export interface NrtrdeEvent {
  readonly kind: 'moc' | 'mtc' | 'gprs'
  readonly imsi?: string
  readonly msisdn?: string
  readonly start?: string
  readonly offset?: string
  readonly incoming?: number
  readonly outgoing?: number
  readonly chargingId?: number
  readonly teleservice?: string
  readonly callReference?: number
  readonly servingNetwork?: string
  readonly more?: readonly BerNode[]
}

const EVENT_TAGS = { moc: 3, mtc: 4, gprs: 5 } as const

export function nrtrdeFile(file: NrtrdeFile, style: BerStyle = {}): Uint8Array {
  const { events, specification = 2, release = 1, sender = 'ESPVV', recipient = 'USAXX' } = file
  return encode(
    seq(
      1,
      integer(41, specification),
      integer(37, release),
      sender === '' ? null : ascii(38, sender),
      ascii(36, recipient),
      ascii(39, file.sequence ?? '0000007'),
      ascii(31, '20260301103000'),
      ascii(45, '+0100'),
      seq(2, ...events),
      integer(20, file.count ?? events.length),
      ...(file.more ?? []),
    ),
    style,
  )
}

export function nrtrdeEvent(event: NrtrdeEvent): BerNode {
  const { start = '20260301100000', offset = '+0100' } = event
  const optional = <T>(value: T | undefined, node: (value: T) => BerNode) =>
    value === undefined ? null : node(value)
  return seq(
    EVENT_TAGS[event.kind],
    optional(event.imsi, (digits) => bcd(34, digits)),
    bcd(33, '490154203237518'),
    start === '' ? null : ascii(21, start),
    offset === '' ? null : ascii(45, offset),
    integer(19, 60),
    integer(24, 0),
    optional(event.teleservice, (code) => seq(46, ascii(43, code))),
    event.kind === 'gprs' ? ascii(16, 'iot.example') : null,
    optional(event.incoming, (bytes) => integer(28, bytes)),
    optional(event.outgoing, (bytes) => integer(29, bytes)),
    optional(event.callReference, (number) => integer(23, number)),
    optional(event.chargingId, (number) => integer(26, number)),
    optional(event.servingNetwork, (tadig) => ascii(15, tadig)),
    optional(event.msisdn, (digits) => bcd(49, digits)),
    ...(event.more ?? []),
  )
}
