/** Events of visited networks that are more than data and messages: named, and never silently lost. */
import { integer, seq } from '../support/ber-writer.ts'
import { call, gprsCall, otherEvent, transferBatch } from '../support/tap3-writer.ts'
import type { Case, CaseGroup, CaseSim } from './cases.ts'

const MESSAGING_EVENT = 433
const AGGREGATED_USAGE = 453

/** Its service, and what it is charged; nothing that is public says which service means what. */
const messaging = () => seq(MESSAGING_EVENT, integer(439, 0), seq(436))
const data = ({ imsi }: CaseSim, chargingId: number) =>
  gprsCall({ imsi, chargingId, incoming: 3_000, outgoing: 400, start: '20260314080000' })
const spain = (up: number, down: number, toSim = 0, fromSim = 0) => [
  `international_roaming ES ${up}/${down}/${toSim}/${fromSim}`,
]

const cases: readonly Case[] = [
  {
    name: 'a MessagingEvent beside data',
    content: (sim) => transferBatch({ events: [data(sim, 901), messaging()] }),
    used: spain(400, 3_000),
    warns: [/messaging events are not counted.*MessagingEvent \(1\)/],
  },
  {
    name: 'MessagingEvents alone, by their number',
    content: () => transferBatch({ events: [messaging(), messaging(), messaging()] }),
    used: [],
    warns: [/messaging events are not counted.*MessagingEvent \(3\)/],
  },
  {
    name: 'messages that are counted beside MessagingEvents that are not',
    content: ({ imsi }) =>
      transferBatch({
        events: [
          call({ imsi, direction: 'mo', teleservice: '22', start: '20260314080000' }),
          messaging(),
          call({ imsi, direction: 'mt', teleservice: '21', start: '20260314080001' }),
          messaging(),
        ],
      }),
    used: spain(0, 0, 1, 1),
    warns: [/MessagingEvent \(2\)/],
  },
  {
    name: 'an aggregated record, by its name',
    content: (sim) => transferBatch({ events: [data(sim, 902), seq(AGGREGATED_USAGE)] }),
    used: spain(400, 3_000),
    warns: [/neither data nor messages were skipped: AggregatedUsageRecord \(1\)/],
  },
  {
    name: 'an event of a release that is not known, by its tag',
    content: (sim) => transferBatch({ events: [otherEvent(499), data(sim, 903), otherEvent(499)] }),
    used: spain(400, 3_000),
    warns: [/were skipped: event \[499\] \(2\)/],
  },
  {
    name: 'calls, which are no messages',
    content: ({ imsi }) =>
      transferBatch({
        events: [
          call({ imsi, direction: 'mo', teleservice: '11', start: '20260314080000' }),
          call({ imsi, direction: 'mt', teleservice: '11', start: '20260314080000' }),
        ],
      }),
    used: [],
    warns: [/neither data nor messages were skipped: .*\(1\), .*\(1\)/],
  },
  {
    name: 'a file that comes again under another number',
    content: (sim) => {
      const events = [data(sim, 904), messaging()]
      return [transferBatch({ events }), transferBatch({ events, sequence: '00043' })]
    },
    used: spain(400, 3_000),
  },
]

export const ROAMING_CASES: readonly CaseGroup[] = [
  { title: 'a roaming batch has', feed: { format: 'tap3', onConflict: 'reject' }, cases },
]
