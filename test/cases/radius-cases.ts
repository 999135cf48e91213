/** RADIUS accounting as imperfect servers send it: what comes of it is what its counters prove. */
import { atHome, type Case, type CaseGroup, type FeedSetUp, jsonLines } from './cases.ts'
import {
  type Attributes,
  anInterim,
  aStart,
  aStop,
  detail,
  eventTime,
  FIRST_PACKET_AT,
  packetsOf,
} from './radius-packets.ts'

const RADIUS: FeedSetUp = { format: 'radius', onConflict: 'max' }
const withSettings = (settings: FeedSetUp['settings']): { feed: FeedSetUp } => ({
  feed: { ...RADIUS, settings: settings! },
})
const session =
  (...packets: readonly Attributes[]) =>
  ({ imsi }: { imsi: string }) =>
    detail(packetsOf(imsi, packets))

/** What the NAS believes it is, beside packets that were received at their time. */
const clock = (shift: number, i: number) => ({
  'Event-Timestamp': eventTime(FIRST_PACKET_AT + 600 * i + shift),
})
const WEEKS = 40 * 86_400

const stale: readonly Case[] = [
  {
    name: 'wait with both times where the clock of the NAS stands still weeks ago',
    content: session(
      aStart(clock(-WEEKS, 0)),
      anInterim(4_000, 6_000, clock(-WEEKS, 1)),
      aStop(9_000, 31_000, clock(-WEEKS, 2)),
    ),
    used: [],
    waits: ['1 invalid_field', '10 invalid_field', '21 invalid_field'],
    says: /received at 2026-03-14T12:[345]\d:57Z, 960 hours away.*event or receipt/,
  },
  {
    name: 'wait where nothing but the date line of the server, in whatever zone, tells of it',
    content: ({ imsi }) =>
      detail(
        packetsOf(imsi, [anInterim(4_000, 6_000, clock(-WEEKS, 0)), anInterim(9, 7, {})]).map(
          ({ Timestamp: _, ...packet }) => packet,
        ),
      ),
    used: atHome(9, 7),
    waits: ['1 invalid_field'],
    says: /received at "Sat Mar 14 12:34:57 2026", more than a day away in every time zone/,
  },
  {
    name: 'count when they were received where the feed says so',
    ...withSettings({ time: 'receipt' }),
    content: session(aStart(clock(-WEEKS, 0)), aStop(9_000, 31_000, clock(-WEEKS, 1))),
    used: atHome(9_000, 31_000),
  },
  {
    name: 'count when they say where the feed says so, if they came late by a file',
    ...withSettings({ time: 'event' }),
    content: session(aStart(clock(-WEEKS, 0)), aStop(9_000, 31_000, clock(-WEEKS, 1))),
    used: atHome(9_000, 31_000),
  },
  {
    name: 'wait where the clock of the NAS is ahead by days',
    content: session(anInterim(5, 6, clock(3 * 86_400, 0))),
    used: [],
    waits: ['1 invalid_field'],
    says: /72 hours away/,
  },
  {
    name: 'count where they waited in the NAS for days, and say for how long',
    content: session(anInterim(5, 6, { ...clock(-3 * 86_400, 0), 'Acct-Delay-Time': 3 * 86_400 })),
    used: atHome(5, 6),
  },
  {
    name: 'wait where the delay that they state explains a part of the difference only',
    content: session(anInterim(5, 6, { ...clock(-3 * 86_400, 0), 'Acct-Delay-Time': 3_600 })),
    used: [],
    waits: ['1 invalid_field'],
    says: /one of the two clocks is wrong/,
  },
  {
    name: 'count by the time of receipt where the clock was never set, with a warning',
    content: session(
      anInterim(5, 6, { 'Event-Timestamp': 'Jan  1 1970 00:03:12 UTC' }),
      aStop(7, 8, { 'Event-Timestamp': 'Jan  1 1970 00:13:12 UTC' }),
    ),
    used: atHome(7, 8),
    warns: [/Event-Timestamps could not be used/],
  },
  {
    name: 'count where the clocks are apart by less than a day',
    content: session(anInterim(5, 6, clock(-86_000, 0)), aStop(7, 9, clock(-86_000, 1))),
    used: atHome(7, 9),
  },
  {
    name: 'wait alone where the clock was put right in the middle of a session',
    content: session(
      anInterim(100, 200, clock(-WEEKS, 0)),
      anInterim(150, 260, {}),
      aStop(190, 300, {}),
    ),
    used: atHome(190, 300),
    waits: ['1 invalid_field'],
  },
]

const falling: readonly Case[] = [
  {
    name: 'an interim after its stop',
    content: session(
      anInterim(2_000_000, 3_000_000),
      aStop(2_600_000, 7_000_000),
      anInterim(2_580_000, 6_900_000),
    ),
    used: atHome(2_600_000, 7_000_000),
  },
  {
    name: 'an interim after its stop, of the same second',
    content: session(
      anInterim(20, 30),
      aStop(60, 70, { 'Event-Timestamp': eventTime(FIRST_PACKET_AT + 600) }),
      anInterim(50, 65, { 'Event-Timestamp': eventTime(FIRST_PACKET_AT + 600) }),
    ),
    used: atHome(60, 70),
  },
  {
    name: 'a stop that was sent three times, with a growing delay and no time of its own',
    content: ({ imsi }) => {
      const stops = [0, 5, 20].map((delay) => {
        const { 'Event-Timestamp': _, ...packet } = packetsOf(imsi, [aStop(60, 70)])[0]!
        return { ...packet, 'Acct-Delay-Time': delay, Timestamp: Number(packet.Timestamp) + delay }
      })
      return detail(stops)
    },
    used: atHome(60, 70),
  },
  {
    name: 'the whole session sent again an hour later',
    content: ({ imsi }) => {
      const packets = [aStart(), anInterim(20, 30), anInterim(40, 50), aStop(60, 70)]
      const again = packetsOf(imsi, [...packets, ...packets])
      return detail(again)
    },
    // The start of the second time is a sign that the counters began again.
    used: atHome(120, 140),
  },
  {
    name: 'the whole session in the order of a queue that was emptied from its end',
    content: ({ imsi }) =>
      detail(packetsOf(imsi, [aStart(), anInterim(20, 30), aStop(60, 70)]).reverse()),
    used: atHome(60, 70),
  },
  {
    name: 'a stop that states what the last interval used instead of the total',
    content: session(anInterim(500, 900), anInterim(800, 1_500), aStop(30, 40)),
    used: atHome(800, 1_500),
  },
  {
    name: 'an interim of the gateway that took over, with older counters',
    content: session(anInterim(500, 900), anInterim(450, 870), aStop(700, 1_000)),
    used: atHome(700, 1_000),
  },
  {
    name: 'one file twice, and its second half once more',
    content: ({ imsi }) => {
      const packets = packetsOf(imsi, [
        aStart(),
        anInterim(20, 30),
        anInterim(40, 50),
        aStop(60, 70),
      ])
      return [detail(packets), detail(packets), detail(packets.slice(2))]
    },
    used: atHome(60, 70),
  },
  {
    name: 'two sessions of one SIM at once, as two bearers have',
    content: ({ imsi }) =>
      detail([
        ...packetsOf(imsi, [anInterim(10, 20), aStop(15, 28)]),
        ...packetsOf(imsi, [anInterim(100, 200), aStop(90, 250)]).map((packet) => ({
          ...packet,
          'Acct-Session-Id': '0A00017C',
        })),
      ]),
    used: atHome(115, 278),
  },
]

const zeros: readonly Case[] = [
  {
    name: 'both directions for one interim',
    content: session(
      anInterim(200_000_000, 700_000_000),
      anInterim(0, 0),
      aStop(200_000_300, 700_000_700),
    ),
    used: atHome(200_000_300, 700_000_700),
  },
  {
    name: 'one direction for one interim',
    content: session(anInterim(2_000, 7_000), anInterim(0, 8_000), aStop(2_300, 8_700)),
    used: atHome(2_300, 8_700),
  },
  {
    name: 'both directions in the stop, as servers do that have lost the session',
    content: session(aStart(), anInterim(2_000, 7_000), aStop(0, 0)),
    used: atHome(2_000, 7_000),
  },
  {
    name: 'several interims in a row, and counters go on from before',
    content: session(
      anInterim(2_000, 7_000),
      anInterim(0, 0),
      anInterim(0, 0),
      anInterim(2_001, 7_000),
      anInterim(0, 0),
      aStop(2_002, 7_001),
    ),
    used: atHome(2_002, 7_001),
  },
  {
    name: 'both directions, after which small counters begin',
    content: session(anInterim(2_000, 7_000), anInterim(0, 0), anInterim(5, 6), aStop(8, 9)),
    // No start says that the session began again: too little rather than too much.
    used: atHome(2_000, 7_000),
  },
  {
    name: 'both directions, where the server writes no starts',
    ...withSettings({ resets: 'fall' }),
    content: session(anInterim(2_000, 7_000), anInterim(0, 0), anInterim(5, 6), aStop(8, 9)),
    used: atHome(2_008, 7_009),
  },
  {
    name: 'a 32-bit counter near its end, which has not wrapped',
    ...withSettings({ gigawords: false }),
    content: session(anInterim(1, 4_294_000_000), anInterim(0, 0), anInterim(2, 4_294_000_500)),
    used: atHome(2, 4_294_000_500),
  },
]

const NO_GIGAWORDS = withSettings({ gigawords: false })
const wraps: readonly Case[] = [
  {
    name: 'a fast download between two interims',
    ...NO_GIGAWORDS,
    content: session(anInterim(3_000, 4_100_000_000), anInterim(5_000, 1_700_000_000)),
    used: atHome(5_000, 5_994_967_296),
  },
  {
    name: 'both directions, several times over',
    ...NO_GIGAWORDS,
    content: session(
      anInterim(4_000_000_000, 4_000_000_000),
      anInterim(1_000_000_000, 1_500_000_000),
      anInterim(3_000_000_000, 3_500_000_000),
      aStop(500_000_000, 900_000_000),
    ),
    used: atHome(2 ** 33 + 500_000_000, 2 ** 33 + 900_000_000),
  },
  {
    name: 'a wrap that is delivered before the reading ahead of it',
    ...NO_GIGAWORDS,
    content: ({ imsi }) => {
      const [first, second] = packetsOf(imsi, [anInterim(7, 4_100_000_000), aStop(8, 300)])
      return [detail([second!]), detail([first!])]
    },
    used: atHome(8, 2 ** 32 + 300),
  },
  {
    name: 'an interim from before the wrap that is sent again after it',
    ...NO_GIGAWORDS,
    content: session(
      anInterim(7, 4_200_000_000),
      anInterim(8, 100_000_000),
      anInterim(7, 4_200_000_000),
      aStop(9, 200_000_000),
    ),
    used: atHome(9, 2 ** 32 + 200_000_000),
  },
  {
    name: 'a session that is closed and starts again at 0 below its old counter',
    ...NO_GIGAWORDS,
    content: session(aStart(), aStop(70, 4_000_000_000), aStart(), aStop(9, 1_000_000)),
    used: atHome(79, 4_001_000_000),
  },
  {
    name: 'a server that has gigawords all the same, which wait',
    ...NO_GIGAWORDS,
    content: session(anInterim(1, 5, { 'Acct-Output-Gigawords': 1 }), anInterim(2, 6)),
    used: atHome(2, 6),
    waits: ['1 invalid_field'],
    says: /the setting gigawords/,
  },
  {
    name: 'a source that says nothing of its counters, with a warning',
    content: session(anInterim(1, 4_100_000_000), anInterim(2, 1_700_000_000)),
    used: atHome(2, 4_100_000_000),
    warns: [/readings of 2 GiB and more come without gigawords/],
  },
]

const GIGA = 2 ** 32
const down = (gigawords: number) => ({ 'Acct-Output-Gigawords': gigawords })
const lost: readonly Case[] = [
  {
    name: 'the stop',
    content: session(anInterim(1_000, 2_000_000_000, down(1)), aStop(1_500, 2_000_000_700)),
    used: atHome(1_500, GIGA + 2_000_000_700),
  },
  {
    name: 'the stop, which has passed the border once more',
    content: session(anInterim(1_000, 4_200_000_000, down(1)), aStop(1_500, 100_000_000)),
    used: atHome(1_500, 2 * GIGA + 100_000_000),
  },
  {
    name: 'one interim in the middle',
    content: session(anInterim(1, 50, down(2)), anInterim(2, 60), aStop(3, 70, down(2))),
    used: atHome(3, 2 * GIGA + 70),
  },
  {
    name: 'every packet but one',
    content: session(
      anInterim(1, 4_000_000_000),
      anInterim(2, 10, down(1)),
      anInterim(3, 20),
      anInterim(4, 30),
      aStop(5, 40),
    ),
    used: atHome(5, GIGA + 40),
  },
  {
    name: 'the stop, and upload only is above the border',
    content: session(
      anInterim(3_000_000_000, 7, { 'Acct-Input-Gigawords': 3 }),
      aStop(3_000_000_001, 8),
    ),
    used: atHome(3 * GIGA + 3_000_000_001, 8),
  },
  {
    name: 'the stop, of a server that is known to leave out zeros only',
    ...withSettings({ gigawords: true }),
    content: session(anInterim(1, 50, down(2)), aStop(2, 60)),
    // A fall: nothing is added until what was proved is passed.
    used: atHome(2, 2 * GIGA + 50),
  },
  {
    name: 'the stop, beside 64-bit octets that have it all',
    content: session(
      anInterim(1, 50, down(2)),
      aStop(2, 60, { 'Acct-Output-Octets64': 2 * GIGA + 60, 'Acct-Input-Octets64': 2 }),
    ),
    used: atHome(2, 2 * GIGA + 60),
  },
]

const same: readonly Case[] = [stale, falling, zeros, wraps, lost].flatMap((cases) =>
  cases
    .filter(({ waits, content }) => waits === undefined && content.length === 1)
    .map((one): Case => {
      return { ...one, content: (sim) => reversedJson(one.content(sim)) }
    }),
)

/** The packets of detail text from the last to the first, as lines of JSON, each a delivery. */
function reversedJson(content: unknown): string[] {
  const texts = [content].flat() as string[]
  const packets = texts
    .join('')
    .split('\n\n')
    .filter(Boolean)
    .map((block) => {
      const pairs = block
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(' = '))
      return Object.fromEntries(pairs.map(([name, value]) => [name, value!.replaceAll('"', '')]))
    })
  return packets.reverse().map((packet) => jsonLines(packet))
}

export const RADIUS_CASES: readonly CaseGroup[] = [
  { title: 'packets whose two times differ', feed: RADIUS, cases: stale },
  { title: 'a session counts what its counters prove, after', feed: RADIUS, cases: falling },
  { title: 'a zero between two good readings adds nothing, of', feed: RADIUS, cases: zeros },
  { title: 'counters of 32 bits go on past their end, for', feed: RADIUS, cases: wraps },
  { title: 'gigawords are not lost by leaving them out of', feed: RADIUS, cases: lost },
  { title: 'the same in any order, as JSON, a packet a delivery:', feed: RADIUS, cases: same },
]
