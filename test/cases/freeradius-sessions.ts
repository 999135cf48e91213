/** What a gateway sends to a RADIUS server, and what its SIMs have used by that. */
import assert from 'node:assert/strict'
import type { Feed, FeedSettings } from '../../src/domain/directory.ts'
import type { Imsi } from '../../src/domain/identifiers.ts'
import { aSim, imsiOf, newSimSid } from '../support/builders.ts'
import { IngestFixture } from '../support/ingest-fixture.ts'

type Packet = Readonly<Record<string, string | number>>

interface Used {
  /** Zone and country, as `IngestFixture.usage` tells them. */
  readonly where: string
  readonly up: number
  readonly down: number
}

export interface SimOfSessions {
  readonly imsi: Imsi
  readonly packets: readonly Packet[]
  readonly used: Used
}

const start = { 'Acct-Status-Type': 'Start' }
const interim = (up: number, down: number) => ({
  'Acct-Status-Type': 'Interim-Update',
  'Acct-Input-Octets': up,
  'Acct-Output-Octets': down,
})
const stop = (up: number, down: number) => ({
  ...interim(up, down),
  'Acct-Status-Type': 'Stop',
  'Acct-Terminate-Cause': 'User-Request',
})
const gigawords = (up: number, down: number) => ({
  'Acct-Input-Gigawords': up,
  'Acct-Output-Gigawords': down,
})
const GIGAWORD = 2 ** 32
const home = (up: number, down: number): Used => ({ where: 'home US', up, down })

/** Sessions of the half hour after `startAt`, UTC seconds. */
export function sessionsFrom(startAt: number): readonly SimOfSessions[] {
  const session = (n: number, id: string, more: Packet = {}) => {
    const common = {
      'NAS-Identifier': 'pgw-9',
      'NAS-IP-Address': '192.0.2.9',
      'Acct-Session-Id': id,
      '3GPP-IMSI': imsiOf(n),
      'Calling-Station-Id': `1555000${n}`,
      '3GPP-SGSN-MCC-MNC': '310260',
      ...more,
    }
    return (minutes: number, packet: Packet): Packet => ({
      ...common,
      'Event-Timestamp': startAt + 60 * minutes,
      ...packet,
    })
  }
  const plain = session(2001, '0A0009F1', { '3GPP-Charging-ID': 41_394 })
  const large = session(2002, '0A0009F2', { Class: '0x0102ff00' })
  const ofAnother = { 'NAS-Identifier': 'pgw-8', 'NAS-IP-Address': '192.0.2.8' }
  const reused = session(2003, '1', ofAnother)
  const goingOn = session(2007, '2', ofAnother)
  // FreeRADIUS escapes quotes and backslashes of JSON twice, so names with them would differ.
  const odd = session(2004, "it's ü #1 = {x}", { 'Connect-Info': 'a "b" \\c\\ {"d":1}' })
  const abroad = session(2005, '0A0009F5', { '3GPP-SGSN-MCC-MNC': '334020' })
  const { 'Event-Timestamp': _, ...untimed } = session(2006, '0A0009F6')(0, {})
  return [
    {
      imsi: imsiOf(2001),
      packets: [
        plain(0, start),
        plain(10, interim(1_000, 20_000)),
        // Sent again, because the server's answer was lost.
        plain(10, { ...interim(1_000, 20_000), 'Acct-Delay-Time': 5 }),
        plain(20, interim(2_500, 61_000)),
        plain(30, stop(4_000, 99_000)),
        plain(29, interim(3_900, 98_000)),
        plain(31, interim(3_900, 98_000)),
      ],
      used: home(4_000, 99_000),
    },
    {
      imsi: imsiOf(2002),
      packets: [
        large(0, start),
        large(5, interim(4_294_967_295, 4_294_967_295)),
        large(15, { ...interim(12, 500), ...gigawords(1, 2) }),
        large(25, { ...stop(900, 4_000_000_000), ...gigawords(1, 7) }),
      ],
      used: home(GIGAWORD + 900, 7 * GIGAWORD + 4_000_000_000),
    },
    {
      imsi: imsiOf(2003),
      packets: [
        reused(0, start),
        reused(10, interim(500, 900)),
        { ...ofAnother, 'Acct-Status-Type': 'Accounting-Off', 'Event-Timestamp': startAt + 660 },
        { ...ofAnother, 'Acct-Status-Type': 'Accounting-On', 'Event-Timestamp': startAt + 720 },
        reused(15, start),
        reused(20, interim(40, 50)),
        reused(25, stop(70, 80)),
      ],
      used: home(570, 980),
    },
    {
      imsi: imsiOf(2004),
      packets: [odd(0, start), odd(10, interim(7, 8)), odd(20, stop(70, 80))],
      used: home(70, 80),
    },
    {
      imsi: imsiOf(2005),
      packets: [abroad(0, start), abroad(10, interim(0, 0)), abroad(20, stop(3_000, 4_000))],
      used: { where: 'international_roaming MX', up: 3_000, down: 4_000 },
    },
    {
      imsi: imsiOf(2006),
      // Its times are those of receipt, less the delay.
      packets: [
        { ...untimed, ...start, 'Acct-Delay-Time': 1_200 },
        { ...untimed, ...interim(10, 20), 'Acct-Delay-Time': 600 },
        { ...untimed, ...stop(30, 40) },
      ],
      used: home(30, 40),
    },
    {
      imsi: imsiOf(2007),
      // Its counters begin again with the restart, and no start says so.
      packets: [goingOn(0, start), goingOn(11, interim(500, 900)), goingOn(20, stop(40, 50))],
      used: home(540, 950),
    },
  ]
}

/**
 * Imports files that say the same, each by a feed of its own, so that each adds what was used. Then all of
 * them come once more by the first feed, which knows it already.
 */
export async function compare(
  sims: readonly SimOfSessions[],
  files: readonly Buffer[],
  { settings, now }: { readonly settings: FeedSettings; readonly now: number },
): Promise<void> {
  const fixture = await IngestFixture.open()
  try {
    const options = { at: now, newSid: newSimSid }
    const registered = await Promise.all(
      sims.map(({ imsi }) =>
        fixture.store.createSim(fixture.account.id, aSim({ imsis: [imsi] }), options),
      ),
    )
    const newFeed = () => fixture.newFeed({ format: 'radius', onConflict: 'max', settings })
    const feeds: Feed[] = []
    for (const [i, content] of files.entries()) {
      feeds.push(await newFeed())
      const done = await fixture.deliver(feeds[i]!, content, { now })
      assert.deepEqual(await fixture.quarantined(done), [])
      for (const [n, { used }] of sims.entries()) {
        const [up, down] = [(i + 1) * used.up, (i + 1) * used.down]
        const usage = await fixture.usage(registered[n]!, now)
        // A start that was missing is an event of nothing, on no network.
        const counted = usage.filter((line) => !line.endsWith(' 0/0/0/0'))
        assert.deepEqual(counted, [`${used.where} ${up}/${down}/0/0`])
      }
    }
    for (const content of files) {
      const { counts } = (await fixture.deliver(feeds[0]!, content, { now })).import
      assert.deepEqual([counts.accepted, counts.replaced, counts.quarantined], [0, 0, 0])
    }
    await fixture.assertAuditClean()
  } finally {
    await fixture.close()
  }
}
