/** Quarantined records, looked at again: as if they had come right the first time. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Feed, FeedSettings } from '../../src/domain/directory.ts'
import type { Imsi } from '../../src/domain/identifiers.ts'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { formatInstant } from '../../src/domain/time.ts'
import {
  RECYCLE_ENTRIES_MAX,
  type RecycleSummary,
  recycleRecords,
} from '../../src/ingest/recycle-records.ts'
import { ANY_NAME, anAccount, aSim, imsiOf, NOW, newSimSid } from '../support/builders.ts'
import { csv, IngestFixture, someOf, verdicts } from '../support/ingest-fixture.ts'

const DAY = 86_400
const at = (second: number) => formatInstant(NOW - DAY + second)

let fixture: IngestFixture
let sims = 100
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

/** An IMSI that nobody has registered yet. */
const newImsi = () => imsiOf(++sims)
const register = (imsi: Imsi) =>
  fixture.store.createSim(fixture.account.id, aSim({ imsis: [imsi] }), {
    at: NOW,
    newSid: newSimSid,
  })

function recycle(filter: Parameters<typeof recycleRecords>[0]['filter'], now = NOW + 60) {
  return recycleRecords({ store: fixture.store, filter, clock: () => now })
}

const total = ({ counts }: RecycleSummary) => someOf(counts)

/** The feed's events of the SIM: what each says and where it came from, but not when it was known. */
async function eventsOf(imsi: string, feed: Feed): Promise<string[]> {
  const { simId } = (await fixture.store.resolveSims([imsi], ANY_NAME)).get(imsi)!
  const period = { simId, start: NOW - 60 * DAY, end: NOW + 2 * DAY }
  const entries = await fixture.store.listUsageEvents(period, { limit: 100 })
  const first = Math.min(...entries.map(({ importId }) => importId))
  return entries
    .filter(({ feedName }) => feedName === feed.name)
    .map(({ occurredAt, recordId, upload, download, line, importId, serving }) =>
      JSON.stringify([occurredAt, recordId, upload, download, line, importId - first, serving]),
    )
    .sort()
}

const packet = (imsi: string, stated: Readonly<Record<string, string>>) => ({
  ...{ 'Acct-Status-Type': 'Interim-Update', 'NAS-Identifier': 'pgw-1', '3GPP-IMSI': imsi },
  ...{ '3GPP-SGSN-MCC-MNC': '310260', ...stated },
})
const packets = (imsi: string) =>
  [1, 2, 3].map((n) =>
    packet(imsi, {
      ...{ 'Acct-Session-Id': 's1', 'Acct-Input-Octets': String(100 * n) },
      ...{ 'Acct-Output-Octets': '7', 'Event-Timestamp': String(NOW - DAY + n * 600) },
    }),
  )
const block = (attributes: Readonly<Record<string, string>>) =>
  ['Sun Mar 15 08:00:00 2026', ...Object.entries(attributes).map(([k, v]) => `\t${k} = ${v}`)]
    .join('\n')
    .concat('\n\n')

/** Two records are equal, so that only their order tells their ids apart. */
const CONTENT_IDS: FeedSettings = {
  mapping: {
    source: { format: 'csv', delimiter: ';' },
    fields: {
      record_id: { content: ['msisdn', 'when', 'bytes'] },
      sim: 'msisdn',
      occurred_at: { from: 'when' },
      plmn: { constant: '310-260' },
      upload: { from: 'bytes', unit: 'bytes' },
    },
  },
}

const FORMATS: readonly {
  readonly name: string
  readonly feed: Partial<Omit<Feed, 'id'>>
  readonly delivery: (imsi: string) => string
}[] = [
  {
    name: 'CSV, with a record over several lines',
    feed: { format: 'csv' },
    delivery: (imsi) =>
      csv([`"a\nb",${imsi},${at(1)},310-260,1,2,3,4\n`, `c,${imsi},${at(2)},208-01,5,0,0,0\n`]),
  },
  {
    name: 'NDJSON',
    feed: { format: 'ndjson' },
    delivery: (sim) =>
      [1, 2]
        .map((n) =>
          JSON.stringify({
            record_id: `r${n}`,
            sim,
            occurred_at: at(n),
            plmn: '310-260',
            upload: n,
          }),
        )
        .join('\n'),
  },
  {
    name: 'RADIUS detail text',
    feed: { format: 'radius' },
    delivery: (imsi) => packets(imsi).map(block).join(''),
  },
  {
    name: 'RADIUS as lines of JSON',
    feed: { format: 'radius' },
    delivery: (imsi) =>
      packets(imsi)
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
  },
  {
    name: 'RADIUS as an array',
    feed: { format: 'radius' },
    delivery: (imsi) => JSON.stringify(packets(imsi), null, 2),
  },
  {
    name: 'a mapping whose ids are contents',
    feed: { format: 'mapped', settings: CONTENT_IDS },
    delivery: (imsi) =>
      ['msisdn;when;bytes', ...[1, 1, 2].map((n) => `${imsi};${at(n)};9`)].join('\n'),
  },
]

describe('records of a SIM that was registered too late', () => {
  for (const { name, feed: stated, delivery } of FORMATS) {
    it(`count as if it had been there before, from ${name}`, async () => {
      const [late, early] = [newImsi(), newImsi()]
      const [feed, other] = [await fixture.newFeed(stated), await fixture.newFeed(stated)]
      await register(early)
      const expected = verdicts(await fixture.deliver(other, delivery(early)))
      const { import: brought } = await fixture.deliver(feed, delivery(late))
      assert.deepEqual(someOf(brought.counts), { quarantined: expected.accepted })
      assert.deepEqual(total(await recycle({ importId: brought.id })), {
        quarantined: expected.accepted,
      })
      await register(late)
      assert.deepEqual(total(await recycle({ importId: brought.id })), expected)
      assert.deepEqual(await fixture.quarantined({ import: brought }), [])
      const { counts } = (await fixture.store.findImport(brought.id))!
      assert.deepEqual(someOf(counts), expected)
      const found = await eventsOf(late, feed)
      const wanted = await eventsOf(early, other)
      // Ids made of content differ with the SIM; all else is the same.
      const isContent = name.includes('contents')
      const comparable = (events: string[]) =>
        isContent ? events.map((text) => text.replace(/"[0-9a-f]{32}/, '"key')) : events
      assert.deepEqual(comparable(found), comparable(wanted))
      assert.equal(found.length, expected.accepted)
      // The same file again is known.
      const again = verdicts(await fixture.deliver(feed, delivery(late)))
      assert.deepEqual(again, { duplicate: expected.accepted })
      await fixture.assertAuditClean()
    })
  }

  it('are records of the account whose key delivered them, now as then', async () => {
    const { store } = fixture
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    const outsider = await store.createAccount(anAccount())
    const text = csv([`r,${imsi},${at(1)},310-260,1,0,0,0\n`])
    const { import: brought } = await fixture.deliver(feed, text, { account: outsider })
    await register(imsi)
    const { counts, firstWaiting } = await recycle({ importId: brought.id })
    assert.deepEqual(someOf(counts), { quarantined: 1 })
    assert.equal(firstWaiting[0]!.reason, 'unknown_sim')
  })

  it('expire when the retention has passed them by', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    const text = csv([`r,${imsi},${at(1)},310-260,1,0,0,0\n`])
    const { import: brought } = await fixture.deliver(feed, text)
    await register(imsi)
    const muchLater = NOW + 600 * DAY
    await fixture.temp.store.proveTime(muchLater)
    assert.deepEqual(total(await recycle({ importId: brought.id }, muchLater)), { expired: 1 })
    assert.deepEqual(await fixture.quarantined({ import: brought }), [])
  })

  it('are looked at in parts, however many there are', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    const count = RECYCLE_ENTRIES_MAX + 3
    const lines = Array.from(
      { length: count },
      (_, i) => `r${i},${imsi},${at(i)},310-260,1,0,0,0\n`,
    )
    const { import: brought } = await fixture.deliver(feed, csv(lines))
    await register(imsi)
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { accepted: count })
    const { counts } = (await fixture.store.findImport(brought.id))!
    assert.deepEqual(someOf(counts), { accepted: count })
  })
})

describe('recycling', () => {
  it('takes the entries that are asked for, and no others', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    const lines = [1, 2, 3, 4].map((n) => `r${n},${imsi},${at(n)},310-260,1,0,0,0\n`)
    const { import: brought } = await fixture.deliver(
      feed,
      csv([...lines, `r5,${imsi},tomorrow,310-260,1,0,0,0\n`]),
    )
    await register(imsi)
    const entries = await fixture.store.listQuarantine({ importId: brought.id }, { limit: 9 })
    const ids = entries.filter(({ reason }) => reason === 'unknown_sim').map(({ id }) => id)
    const [first, second] = ids
    const twice = await recycle({ entryIds: [second!, second!, first!, 4_711_000] })
    assert.deepEqual(total(twice), { accepted: 2 })
    const otherFeed = await fixture.newFeed()
    assert.deepEqual(total(await recycle({ entryIds: ids, feedId: otherFeed.id })), {})
    assert.deepEqual(total(await recycle({ entryIds: ids, importId: brought.id + 1_000 })), {})
    const ofReason = { importId: brought.id, reason: 'unknown_sim' } as const
    assert.deepEqual(total(await recycle(ofReason)), { accepted: 2 })
    assert.deepEqual(await fixture.quarantined({ import: brought }), ['6 invalid_field'])
  })

  it('tells what still waits, and for what', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    const text = csv([`r1,${imsi},${at(1)},299-01,1,0,0,0\n`, `r2,nobody,${at(1)},,1,0,0,0\n`])
    const { import: brought } = await fixture.deliver(feed, text)
    await register(imsi)
    const { counts, unreadable, firstWaiting } = await recycle({ importId: brought.id })
    assert.deepEqual([someOf(counts), unreadable], [{ quarantined: 2 }, 0])
    const waiting = firstWaiting.map(({ entry, reason }) => `${entry.line} ${reason}`)
    assert.deepEqual(waiting.sort(), ['2 unknown_network', '3 unknown_sim'])
    assert.deepEqual(await fixture.quarantined({ import: brought }), [
      '2 unknown_network',
      '3 unknown_sim',
    ])
    const { counts: kept } = (await fixture.store.findImport(brought.id))!
    assert.deepEqual(kept, { ...NO_VERDICTS, quarantined: 2 })
  })

  it('counts a conflict once the version that it met was undone', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    await register(imsi)
    const text = (bytes: number) => csv([`r,${imsi},${at(1)},310-260,${bytes},0,0,0\n`])
    const { import: wrong } = await fixture.deliver(feed, text(999))
    const { import: right } = await fixture.deliver(feed, text(5))
    assert.deepEqual(await fixture.quarantined({ import: right }), ['2 conflict'])
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { quarantined: 1 })
    await fixture.store.undoImport(wrong.id, NOW)
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { accepted: 1 })
    assert.equal((await eventsOf(imsi, feed)).length, 1)
    await fixture.assertAuditClean()
  })

  it('counts what was too far in the future, when its time has come', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    await register(imsi)
    const text = csv([`r,${imsi},${at(4 * DAY)},310-260,5,0,0,0\n`])
    const { import: brought } = await fixture.deliver(feed, text)
    assert.deepEqual(await fixture.quarantined({ import: brought }), ['2 future'])
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { quarantined: 1 })
    assert.deepEqual(total(await recycle({ feedId: feed.id }, NOW + 3 * DAY)), { accepted: 1 })
  })

  it('keeps a conflict of a long record the record it is', async () => {
    const feed = await fixture.newFeed()
    const imsi = newImsi()
    const long = `${imsi}${' '.repeat(5_000)}`
    const text = csv([
      `r,${long},${at(1)},310-260,5,0,0,0\n`,
      `r,${long},${at(1)},310-260,6,0,0,0\n`,
    ])
    const { import: brought } = await fixture.deliver(feed, text)
    const before = await fixture.store.listQuarantine({ importId: brought.id }, { limit: 9 })
    await register(imsi)
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { accepted: 1, quarantined: 1 })
    const [left] = await fixture.store.listQuarantine({ importId: brought.id }, { limit: 9 })
    assert.equal(left!.reason, 'conflict')
    assert.equal(left!.rawHash, before[1]!.rawHash)
  })
})

describe('records that could not be read', () => {
  const mapping = (bytes: string): FeedSettings => ({
    mapping: {
      source: { format: 'csv', delimiter: ';', skip_lines: 1 },
      fields: {
        record_id: 'id',
        sim: 'imsi',
        occurred_at: { from: 'when' },
        plmn: { constant: '310-260' },
        upload: { from: bytes, unit: 'bytes' },
      },
    },
  })

  it('count by the mapping of now, from the text as it was delivered', async () => {
    const { store } = fixture
    const feed = await fixture.newFeed({ format: 'mapped', settings: mapping('words') })
    const imsi = newImsi()
    await register(imsi)
    const lines = [1, 2].map((n) => `r${n};${imsi};${at(n)};many;${n * 10}`)
    const delivery = ['a report', 'id;imsi;when;words;bytes', ...lines].join('\n')
    const { import: brought } = await fixture.deliver(feed, delivery)
    assert.deepEqual(await fixture.quarantined({ import: brought }), [
      '3 invalid_field',
      '4 invalid_field',
    ])
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { quarantined: 2 })
    const set = await store.updateFeed(feed.id, { settings: mapping('bytes') })
    assert.deepEqual(set.settings, mapping('bytes'))
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { accepted: 2 })
    const events = await eventsOf(imsi, feed)
    assert.deepEqual(
      events.map((text) => JSON.parse(text).slice(1, 5)),
      [
        ['r1', 10, 0, 3],
        ['r2', 20, 0, 4],
      ],
    )
  })

  it('count by the mapping of now also where another SIM is meant by it', async () => {
    const feed = await fixture.newFeed({ format: 'mapped', settings: mapping('bytes') })
    const imsi = newImsi()
    await register(imsi)
    const delivery = ['a report', 'id;card;imsi;when;bytes', `r;${imsi};x;${at(1)};7`].join('\n')
    const { import: brought } = await fixture.deliver(feed, delivery)
    assert.deepEqual(await fixture.quarantined({ import: brought }), ['3 unknown_sim'])
    const { mapping: known } = mapping('bytes') as { mapping: { fields: object } }
    const fields = { ...known.fields, sim: 'card' }
    await fixture.store.updateFeed(feed.id, { settings: { mapping: { ...known, fields } } })
    assert.deepEqual(total(await recycle({ feedId: feed.id })), { accepted: 1 })
  })

  it('say why they cannot be read again', async () => {
    const imsi = newImsi()
    await register(imsi)
    const feed = await fixture.newFeed()
    const bad = `"${'x'.repeat(5_000)}"y,${imsi}\n`
    const { import: brought } = await fixture.deliver(feed, csv([bad]))
    const { unreadable, firstWaiting } = await recycle({ importId: brought.id })
    assert.equal(unreadable, 1)
    assert.match(firstWaiting[0]!.unreadable!, /only the beginning/)

    const settings: FeedSettings = {
      mapping: {
        source: { format: 'xml', records: 'list.r' },
        fields: {
          record_id: 'id',
          sim: 'imsi',
          occurred_at: { from: 'when' },
          upload: { from: 'bytes', unit: 'bytes' },
        },
      },
    }
    const xml = await fixture.newFeed({ format: 'mapped', settings })
    const text = `<list><r><id>1</id><imsi>${imsi}</imsi><when>soon</when><bytes>1</bytes></r></list>`
    const { import: other } = await fixture.deliver(xml, text)
    assert.deepEqual(await fixture.quarantined({ import: other }), ['1 invalid_field'])
    const second = await recycle({ importId: other.id })
    assert.equal(second.unreadable, 1)
    assert.match(second.firstWaiting[0]!.unreadable!, /without the rest of its file/)
    assert.deepEqual(await fixture.quarantined({ import: other }), ['1 invalid_field'])
  })
})
