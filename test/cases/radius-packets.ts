/** Accounting packets as FreeRADIUS writes them, as detail text and as JSON. */
import { NOW } from '../support/builders.ts'

export type Attributes = Readonly<Record<string, string | number>>

/** The first packet's time; the following ones are ten minutes apart. */
export const FIRST_PACKET_AT = NOW - 86_400
const SECONDS_APART = 600

const QUOTED = /^(?:NAS-Identifier|Acct-Session-Id|3GPP-|Event-Timestamp|Class)/

const start = { 'Acct-Status-Type': 'Start' }
const interim = { 'Acct-Status-Type': 'Interim-Update' }
const stop = { 'Acct-Status-Type': 'Stop' }

const octets = (up: number, down: number) => ({
  'Acct-Input-Octets': up,
  'Acct-Output-Octets': down,
})

export const aStart = (more: Attributes = {}): Attributes => ({ ...start, ...more })
export const anInterim = (up: number, down: number, more: Attributes = {}): Attributes => ({
  ...interim,
  ...octets(up, down),
  ...more,
})
export const aStop = (up: number, down: number, more: Attributes = {}): Attributes => ({
  ...stop,
  ...octets(up, down),
  ...more,
})

/** Of one session of the SIM, in the order given. A packet's own attributes win over the session's. */
export function packetsOf(imsi: string, packets: readonly Attributes[]): Attributes[] {
  return packets.map((packet, i) => {
    const at = FIRST_PACKET_AT + SECONDS_APART * i
    return {
      'NAS-Identifier': 'pgw-7',
      'Acct-Session-Id': '0A00017B',
      '3GPP-IMSI': imsi,
      '3GPP-SGSN-MCC-MNC': '310260',
      'Event-Timestamp': eventTime(at),
      Timestamp: at + 1,
      ...packet,
    }
  })
}

/** `Mar 14 2026 12:34:56 UTC` */
export function eventTime(at: number): string {
  const [, day, month, year, time] = new Date(at * 1000).toUTCString().split(' ')
  return `${month} ${day} ${year} ${time} UTC`
}

export function detail(packets: readonly Attributes[]): string {
  const block = (packet: Attributes) => {
    const lines = Object.entries(packet).map(([name, value]) => {
      return `\t${name} = ${QUOTED.test(name) ? `"${value}"` : value}\n`
    })
    return `Sat Mar 14 12:34:57 2026\n${lines.join('')}\n`
  }
  return packets.map(block).join('')
}
