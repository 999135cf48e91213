/** RADIUS attributes as gateways and servers write them that know the 3GPP dictionary in their own way. */
import { atHome, type Case, type CaseGroup, type FeedSetUp } from './cases.ts'
import { type Attributes, anInterim, aStart, aStop, detail, packetsOf } from './radius-packets.ts'

/** A packet whose attribute is written in another way. */
const written = (name: string, write: (value: string) => string, of = name): Case['content'] => {
  return ({ imsi }) =>
    detail(
      packetsOf(imsi, [anInterim(1, 2), aStop(30, 40)]).map((packet) => {
        const { [name]: value, ...others } = packet
        return { ...others, [of]: write(String(value)) }
      }),
    )
}
const hexadecimal = (text: string) => `0x${Buffer.from(text).toString('hex')}`
const MCC_MNC = '3GPP-SGSN-MCC-MNC'
const spellings: readonly Case[] = [
  {
    name: 'the filler of BCD behind the IMSI',
    content: written('3GPP-IMSI', (imsi) => `${imsi}F`),
    used: atHome(30, 40),
  },
  {
    name: 'a NUL behind the IMSI',
    content: written('3GPP-IMSI', (imsi) => `${imsi}\\000`),
    used: atHome(30, 40),
  },
  {
    name: 'bytes of the IMSI by a server that does not know it',
    content: written('3GPP-IMSI', (imsi) => hexadecimal(`${imsi}\0`), 'Attr-26.10415.1'),
    used: atHome(30, 40),
  },
  {
    name: 'spaces around the IMSI',
    content: written('3GPP-IMSI', (imsi) => ` ${imsi} `),
    used: atHome(30, 40),
  },
  {
    name: 'a hyphen in the network',
    content: written(MCC_MNC, () => '310-260'),
    used: atHome(30, 40),
  },
  {
    name: 'the filler of BCD in a network of five digits',
    content: written(MCC_MNC, () => '20801F'),
    used: ['international_roaming FR 30/40/0/0'],
  },
  {
    name: 'the letter of a network that is none',
    content: written(MCC_MNC, () => '31026X'),
    used: [],
    waits: ['1 invalid_field', '12 invalid_field'],
    says: /expected 5 or 6 digits/,
  },
]

const RADIUS: FeedSetUp = { format: 'radius', onConflict: 'max' }
const sessionOf =
  (...packets: readonly Attributes[]): Case['content'] =>
  ({ imsi }) =>
    detail(packetsOf(imsi, packets))
const CHARGING_ID = { '3GPP-Charging-ID': 77 }
const MIXED = /3GPP-Charging-ID is missing in 1 of 2 readings of a NAS .*the setting series/
const bearers: readonly Case[] = [
  {
    name: 'its stop only, which is a session of its own, with a warning',
    content: sessionOf(anInterim(10, 20), aStop(30, 40, CHARGING_ID)),
    used: atHome(40, 60),
    warns: [MIXED],
  },
  {
    name: 'its stop only, where the feed names sessions without it',
    feed: { ...RADIUS, settings: { series: ['NAS-Identifier', 'Acct-Session-Id'] } },
    content: sessionOf(anInterim(10, 20), aStop(30, 40, CHARGING_ID)),
    used: atHome(30, 40),
  },
  {
    name: 'all but its start, which counts nothing',
    content: sessionOf(aStart(), anInterim(10, 20, CHARGING_ID), aStop(30, 40, CHARGING_ID)),
    used: atHome(30, 40),
  },
]

export const RADIUS_SPELLING_CASES: readonly CaseGroup[] = [
  {
    title: 'a gateway writes attributes in its own way:',
    feed: RADIUS,
    cases: spellings,
  },
  { title: 'a session states its charging id in', feed: RADIUS, cases: bearers },
]
