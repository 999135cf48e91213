/** `POST /v1/Feeds/{name}/Records` for feeds with a mapping: webhooks, documents, every content type. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { FeedSettings, Sim } from '../../src/domain/directory.ts'
import { formatInstant } from '../../src/domain/time.ts'
import { iccidOf, instant } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const AT = instant('2026-03-15T08:00:00Z')

interface Used {
  readonly id: string
  readonly at: number
  readonly mcc: string
  readonly mnc: string
  readonly upload: number
  readonly download: number
}

/** 50 records, as many as a webhook's batch has at most, at home and abroad, some without usage. */
const USED: readonly Used[] = Array.from({ length: 50 }, (_, i) => ({
  id: `e${i}`,
  at: AT + i * 263,
  ...([
    { mcc: '310', mnc: '260' },
    { mcc: '310', mnc: '410' },
    { mcc: '334', mnc: '020' },
    { mcc: '262', mnc: '01' },
  ][i % 4] as { mcc: string; mnc: string }),
  upload: i % 7 === 0 ? 0 : i * 1_237,
  download: i % 7 === 0 ? 0 : i * 90_001 + 1,
}))

const CSV_MAPPING: FeedSettings = {
  mapping: {
    source: { format: 'csv', delimiter: ';', encoding: 'utf-16le' },
    fields: {
      record_id: 'Id',
      sim: 'Card',
      occurred_at: { from: 'When', format: 'DD/MM/YYYY HH:mm:ss', zone: 'America/Chicago' },
      plmn: { mcc: 'Mcc', mnc: 'Mnc' },
      upload: { from: 'kB up', unit: 'kB' },
      download: { from: 'MB down', unit: 'MB' },
    },
  },
}

const XML_MAPPING: FeedSettings = {
  mapping: {
    source: { format: 'xml', records: 'usage.record' },
    fields: {
      record_id: '@id',
      sim: 'sim',
      occurred_at: { from: 'at', format: 'unix' },
      plmn: { mcc: 'mcc', mnc: 'mnc' },
      upload: { from: 'up', unit: 'bytes' },
      download: { from: 'down', unit: 'bytes' },
    },
  },
}

function event(sim: Sim, { id, at, mcc, mnc, upload, download }: Used) {
  return {
    id,
    source: 'kore-events',
    type: 'com.twilio.iot.supersim.connection.data-session.updated',
    time: formatInstant(at + 1),
    specversion: '2.0',
    datacontenttype: 'application/json',
    data: {
      sim_iccid: sim.iccid,
      network: { mcc, mnc },
      timestamp: formatInstant(at + 1),
      data_session_update_end_time: formatInstant(at),
      data_upload: upload,
      data_download: download,
      data_total: upload + download,
    },
  }
}

/** In summer Chicago is five hours behind: 15 March is a week after the change. */
function chicago(at: number): string {
  const [date, time] = formatInstant(at - 5 * 3_600).split(/[TZ]/)
  return `${date!.split('-').reverse().join('/')} ${time}`
}

describe('delivering to a feed with a mapping', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
    const feeds = {
      supersim: { mapping: 'supersim', usage: 'updated' },
      sheet: CSV_MAPPING,
      xml: XML_MAPPING,
    }
    for (const [name, settings] of Object.entries(feeds)) {
      await fixture.addFeed({ name, format: 'mapped', settings })
    }
    await fixture.addFeed({ name: 'csv', format: 'csv' })
  })
  after(() => fixture.close())

  const deliver = (feed: string, body: string | Buffer, contentType?: string) =>
    fixture.send('POST', `/v1/Feeds/${feed}/Records`, body, {
      as: fixture.operator,
      headers: contentType === undefined ? {} : { 'content-type': contentType },
    })

  async function usageOf(sim: Sim): Promise<string> {
    const query = 'Granularity=hourly&Start=2026-03-15T00:00:00Z&End=2026-03-15T12:00:00Z'
    const { text } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?${query}`)
    return text.replaceAll(sim.sid, 'DE')
  }

  const deliveries: Readonly<Record<string, (sim: Sim) => [string, string | Buffer, string]>> = {
    'canonical CSV': (sim) => [
      'csv',
      `record_id,sim,occurred_at,plmn,upload,download\n${USED.map(
        ({ id, at, mcc, mnc, upload, download }) =>
          `${id},${sim.iccid},${formatInstant(at)},${mcc}-${mnc},${upload},${download}\n`,
      ).join('')}`,
      'text/csv',
    ],
    'canonical NDJSON': (sim) => [
      'hub',
      USED.map(
        ({ id, at, mcc, mnc, upload, download }) =>
          `${JSON.stringify({ record_id: id, sim: sim.iccid, occurred_at: formatInstant(at), plmn: `${mcc}${mnc}`, upload, download })}\n`,
      ).join(''),
      'application/x-ndjson',
    ],
    CloudEvents: (sim) => [
      'supersim',
      JSON.stringify(USED.map((used) => event(sim, used))),
      'application/cloudevents-batch+json',
    ],
    'mapped CSV': (sim) => [
      'sheet',
      Buffer.from(
        `Id;Card;When;Mcc;Mnc;kB up;MB down\n${USED.map(
          ({ id, at, mcc, mnc, upload, download }) =>
            `${id};${sim.iccid};${chicago(at)};${mcc};${mnc};${upload / 1_000};${(download / 1e6).toFixed(6)}\n`,
        ).join('')}`,
        'utf16le',
      ),
      'text/csv; charset=utf-16le',
    ],
    'mapped XML': (sim) => [
      'xml',
      `<usage>${USED.map(
        ({ id, at, mcc, mnc, upload, download }) =>
          `<record id="${id}"><sim>${sim.iccid}</sim><at>${at}</at><mcc>${mcc}</mcc><mnc>${mnc}</mnc><up>${upload}</up><down>${download}</down></record>`,
      ).join('')}</usage>`,
      'application/xml',
    ],
  }

  it('comes to the same usage records, byte for byte, whatever it is written in', async () => {
    const answers: string[] = []
    let n = 500
    for (const [name, written] of Object.entries(deliveries)) {
      const sim = await fixture.addSim({ iccid: iccidOf(++n) })
      const { status, body, text } = await deliver(...written(sim))
      assert.equal(status, 200, `${name}: ${text}`)
      assert.deepEqual([body.accepted, body.records], [50, 50], `${name}: ${text}`)
      const granularities = ['hourly', 'daily', 'all'].map(async (granularity) => {
        const query = `Granularity=${granularity}&Start=2026-03-15T00:00:00Z&End=2026-03-15T12:00:00Z`
        const { text: records } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?${query}`)
        return records.replaceAll(sim.sid, 'DE')
      })
      answers.push((await Promise.all(granularities)).join('\n'))
    }
    assert.match(answers[0]!, /"MEX"/)
    for (const answer of answers) assert.equal(answer, answers[0])
  })

  it('is safe to repeat, whole or in part, alone or in batches, packed or not', async () => {
    const sim = await fixture.addSim({ iccid: iccidOf(601) })
    const events = USED.map((used) => event(sim, { ...used, id: `again-${used.id}` }))
    const first = await deliver('supersim', JSON.stringify(events))
    assert.equal(first.body.accepted, 50, first.text)
    const counted = await usageOf(sim)
    const part = (from: number, to: number) => JSON.stringify(events.slice(from, to))
    const repeats = [
      [JSON.stringify(events.toReversed()), 'application/cloudevents-batch+json', 50],
      [gzipSync(JSON.stringify(events)), 'application/json', 50],
      [JSON.stringify(events[3]), 'application/cloudevents+json; charset=utf-8', 1],
      [JSON.stringify(events[4], null, 2), undefined, 1],
      [part(0, 17), 'application/cloudevents-batch+json', 17],
      [part(11, 50), 'application/cloudevents-batch+json', 39],
    ] as const
    for (const [body, contentType, count] of repeats) {
      const { body: answer, text } = await deliver('supersim', body, contentType)
      assert.deepEqual([answer.duplicate, answer.records], [count, count], text)
    }
    assert.equal(await usageOf(sim), counted)
  })

  it('counts once what a sender repeats, cut otherwise, before the first answer came', async () => {
    const [once, sim] = [604, 605].map((n) => fixture.addSim({ iccid: iccidOf(n) }))
    const written = (of: Sim) =>
      USED.map((used) => event(of, { ...used, id: `at-once-${used.id}` }))
    await deliver('supersim', JSON.stringify(written(await once!)))
    const events = written(await sim!)
    const cuts = [
      [0, 50],
      [0, 50],
      [0, 9],
      [9, 31],
      [31, 50],
      [20, 40],
    ] as const
    const answers = await Promise.all(
      cuts.map(([from, to]) => deliver('supersim', JSON.stringify(events.slice(from, to)))),
    )
    const total = (verdict: 'accepted' | 'duplicate') =>
      answers.reduce((sum, { body }) => sum + body[verdict], 0)
    assert.deepEqual([total('accepted'), total('duplicate')], [50, 120])
    const [expected, counted] = [await usageOf(await once!), await usageOf(await sim!)]
    assert.equal(counted, expected)
  })

  it('answers what is wrong with single events, and counts the others', async () => {
    const sim = await fixture.addSim({ iccid: iccidOf(602) })
    const [good, bad] = USED.map((used) => event(sim, { ...used, id: `some-${used.id}` }))
    const broken = { ...bad!, data: { ...bad!.data, data_upload: 'many' } }
    const { body } = await deliver('supersim', JSON.stringify([good, broken]), 'application/json')
    assert.deepEqual([body.accepted, body.quarantined], [1, 1])
    assert.match(body.errors[0]!.detail, /^upload "many" in "data\.data_upload": expected a number/)
  })

  it('takes every known content type, because the mapping says what it is', async () => {
    const sim = await fixture.addSim({ iccid: iccidOf(603) })
    const types = [
      ...['application/json', 'application/cloudevents+json', 'application/octet-stream'],
      ...['text/plain', 'text/csv', 'text/xml', 'application/x-ndjson', undefined],
    ]
    for (const [i, type] of types.entries()) {
      const body = JSON.stringify(event(sim, { ...USED[1]!, id: `type-${i}` }))
      assert.equal((await deliver('supersim', body, type)).body.accepted, 1, String(type))
    }
    const image = await deliver('supersim', '{}', 'image/png')
    assert.equal(image.status, 415)
  })

  it('refuses CloudEvents and XML for a feed that has no mapping', async () => {
    for (const type of ['application/cloudevents-batch+json', 'text/xml']) {
      const { status, error } = await deliver('csv', '[]', type)
      assert.equal(status, 415)
      assert.match(error.message, /the feed csv reads csv; .* needs a feed with a mapping$/)
    }
  })

  it('refuses a document bomb by the name of its limit', async () => {
    const bomb = '<!DOCTYPE usage [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><usage>&b;</usage>'
    const { status, error } = await deliver('xml', bomb, 'text/xml')
    assert.equal(status, 400)
    assert.match(error.message, /ENTITY_DECLARATIONS_MAX 0/)
  })

  it('shows a feed’s mapping and settings to the operator', async () => {
    const { body } = await fixture.get('/v1/Feeds', { as: fixture.operator })
    const shown = body.feeds.find(({ name }) => name === 'supersim')
    assert.deepEqual(shown!.settings, { mapping: 'supersim', usage: 'updated' })
  })
})
