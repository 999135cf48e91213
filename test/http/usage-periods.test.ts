/** What a record's period takes in: its borders, its defaults, and how periods are written. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { instant } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

describe('periods of usage records', () => {
  let fixture: HttpFixture
  let sim: Sim

  before(async () => {
    fixture = await HttpFixture.open()
    sim = await fixture.addSim()
    await fixture.use(sim, '2026-01-31T23:59:59Z', { upload: 1 })
    await fixture.use(sim, '2026-02-01T00:00:00Z', { upload: 10 })
    await fixture.use(sim, '2026-02-28T23:59:59Z', { upload: 100 })
    await fixture.use(sim, '2026-03-01T00:00:00Z', { upload: 1000 })
    await fixture.use(sim, '2026-03-15T12:34:56Z', { upload: 10_000 })
  })

  after(() => fixture.close())

  /** One `[start, end, upload]` a record, in the order of the answer. */
  async function records(
    query: string,
    path:
      | '/v1/UsageRecords'
      | `/v1/Sims/${string}/UsageRecords` = `/v1/Sims/${sim.sid}/UsageRecords`,
  ) {
    const { status, body, text } = await fixture.get(`${path}?${query}`)
    assert.equal(status, 200, text)
    return body.usage_records.map(({ period, data }) => [period.start, period.end, data.upload])
  }

  async function upload(query: string): Promise<number> {
    const [record] = await records(query)
    return record![2] as number
  }

  it('include the second that Start names', async () => {
    assert.equal(await upload('Start=2026-02-01T00:00:00Z&End=2026-02-01T00:30:00Z'), 10)
    assert.equal(await upload('Start=2026-02-01T00:00:01Z&End=2026-02-01T00:30:00Z'), 0)
  })

  it('include the second that End names, such as 23:59:59', async () => {
    assert.equal(await upload('Start=2026-02-28&End=2026-02-28T23:59:59Z'), 100)
    assert.equal(await upload('Start=2026-02-28&End=2026-02-28T23:59:58Z'), 0)
  })

  it('exclude the second of an End on the hour, which belongs to the later hour', async () => {
    assert.equal(await upload('Start=2026-02-28&End=2026-03-01T00:00:00Z'), 100)
    assert.equal(await upload('Start=2026-02-28&End=2026-03-01T00:00:01Z'), 1100)
  })

  it('state the bounds as asked', async () => {
    assert.deepEqual(await records('Start=2026-02-01T00:00:00Z&End=2026-02-28T23:59:59Z'), [
      ['2026-02-01T00:00:00Z', '2026-02-28T23:59:59Z', 110],
    ])
    assert.deepEqual(await records('Start=2026-02-01T00:00:00Z&End=2026-03-01T00:00:00Z'), [
      ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z', 110],
    ])
  })

  it('add up when they adjoin, on the hour or at 23:59:59', async () => {
    const whole = await upload('Start=2026-01-01&End=2026-03-15')
    assert.equal(whole, 1111)
    const onTheHour = [
      'Start=2026-01-01&End=2026-02-01',
      'Start=2026-02-01&End=2026-03-01',
      'Start=2026-03-01&End=2026-03-15',
    ]
    const atTheLastSecond = [
      'Start=2026-01-01&End=2026-01-31T23:59:59Z',
      'Start=2026-02-01&End=2026-02-28T23:59:59Z',
      'Start=2026-03-01&End=2026-03-14T23:59:59Z',
    ]
    for (const windows of [onTheHour, atTheLastSecond]) {
      const parts = await Promise.all(windows.map(upload))
      assert.equal(parts[0]! + parts[1]! + parts[2]!, whole)
    }
  })

  it('add up when they adjoin at midnight in zones of quarters of an hour', async () => {
    const daysOf = async (offset: string) => {
      const bound = (day: number) =>
        `2026-0${day < 29 ? 2 : 3}-${day < 29 ? day : '01'}T00:00:00${offset}`
      const days = [27, 28].map((day) => upload(`Start=${bound(day)}&End=${bound(day + 1)}`))
      return (await Promise.all(days)).reduce((sum, day) => sum + day, 0)
    }
    for (const offset of ['%2B05:45', '%2B05:30', '-03:30', '%2B00:00']) {
      const start = `2026-02-27T00:00:00${offset}`
      const whole = await upload(`Start=${start}&End=2026-03-01T00:00:00${offset}`)
      assert.equal(await daysOf(offset), whole, offset)
    }
  })

  it('give the second of a border to the later period alone, at any minute', async () => {
    const border = '2026-02-28T23:59:00Z'
    const asked = [`Start=2026-02-28&End=${border}`, `Start=${border}&End=2026-03-01`]
    assert.deepEqual(await Promise.all(asked.map(upload)), [0, 100])
  })

  it('are one second long when Start is End, and empty when both are the same hour', async () => {
    const second = '2026-02-28T23:59:59Z'
    assert.deepEqual(await records(`Start=${second}&End=${second}`), [[second, second, 100]])
    const hour = '2026-03-01T00:00:00Z'
    assert.deepEqual(await records(`Start=${hour}&End=${hour}`), [[hour, hour, 0]])
  })

  it('accept every way in which clients write instants', async () => {
    const asked: [start: string, end: string][] = [
      ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
      ['2026-02-01T00%3A00%3A00Z', '2026-03-01T00%3A00%3A00Z'],
      ['2026-02-01T00:00:00', '2026-03-01T00:00:00'],
      ['2026-02-01', '2026-03-01'],
      ['2026-02-01T00:00:00.123Z', '2026-03-01T00:00Z'],
      ['2026-02-01T05:45:00%2B05:45', '2026-03-01T05:45:00%2B05:45'],
      ['2026-02-01T05:45:00+05:45', '2026-03-01T05:45:00+05:45'],
      ['2026-02-01T05:45:00%2B0545', '2026-03-01T05:45+0545'],
      ['2026-01-31T18:30:00-05:30', '2026-02-28T18:30:00-05:30'],
      ['2026-02-01%2000:00:00', '2026-03-01+00:00:00'],
    ]
    for (const [start, end] of asked) {
      assert.deepEqual(
        await records(`Start=${start}&End=${end}`),
        [['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z', 110]],
        `${start} ${end}`,
      )
    }
  })

  it('end now and start a month before by default, in one record', async () => {
    const expected = [['2026-02-15T12:34:56Z', '2026-03-15T12:34:56Z', 11_100]]
    assert.deepEqual(await records(''), expected)
    assert.deepEqual(await records('Start=&End=&Granularity='), expected)
    assert.deepEqual(await records('End=2026-03-01T00:00:00Z'), [
      ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z', 110],
    ])
  })

  it('are one record of nothing where nothing was used', async () => {
    assert.deepEqual(await records('Start=2025-06-01&End=2025-07-01'), [
      ['2025-06-01T00:00:00Z', '2025-07-01T00:00:00Z', 0],
    ])
  })

  it('are whole days for daily, empty ones too, newest first', async () => {
    const asked = 'Granularity=daily&Start=2026-02-27T15:00:00Z&End=2026-03-01T00:00:01Z'
    assert.deepEqual(await records(asked), [
      ['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z', 1000],
      ['2026-02-28T00:00:00Z', '2026-03-01T00:00:00Z', 100],
      ['2026-02-27T00:00:00Z', '2026-02-28T00:00:00Z', 0],
    ])
  })

  it('are whole hours for hourly, up to the one that holds now', async () => {
    const asked = 'Granularity=hourly&Start=2026-03-15T11:59:59Z&End=2026-03-16T00:00:00Z'
    assert.deepEqual(await records(asked), [
      ['2026-03-15T12:00:00Z', '2026-03-15T13:00:00Z', 10_000],
      ['2026-03-15T11:00:00Z', '2026-03-15T12:00:00Z', 0],
    ])
  })

  it('are none for hours and days that have not begun', async () => {
    const tomorrow = 'Start=2026-03-16T00:00:00Z&End=2026-03-17T00:00:00Z'
    assert.deepEqual(await records(`Granularity=hourly&${tomorrow}`), [])
    assert.deepEqual(await records(`Granularity=daily&${tomorrow}`), [])
    assert.deepEqual(await records(tomorrow), [['2026-03-16T00:00:00Z', '2026-03-17T00:00:00Z', 0]])
  })

  it('sum to the same by hour, by day and as one', async () => {
    const month = 'Start=2026-02-01&End=2026-03-01'
    const sum = (list: unknown[][]) => list.reduce((total, row) => total + (row[2] as number), 0)
    const hours = await records(`Granularity=hourly&PageSize=1000&${month}`)
    const days = await records(`Granularity=daily&PageSize=1000&${month}`)
    assert.equal(hours.length, 28 * 24)
    assert.equal(days.length, 28)
    assert.equal(sum(hours), 110)
    assert.equal(sum(days), 110)
    assert.equal(await upload(month), 110)
  })

  it('widen to whole hours for an account, and say so', async () => {
    const account = '/v1/UsageRecords'
    assert.deepEqual(
      await records('Start=2026-02-28T23:30:00Z&End=2026-03-01T00:29:59Z', account),
      [['2026-02-28T23:00:00Z', '2026-03-01T01:00:00Z', 1100]],
    )
    assert.deepEqual(await records('Start=2026-02-01&End=2026-03-01', account), [
      ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z', 110],
    ])
    assert.deepEqual(await records('', account), [
      ['2026-02-15T12:00:00Z', '2026-03-15T13:00:00Z', 11_100],
    ])
  })

  it('that end before they start are refused', async () => {
    const asked = 'Start=2026-03-02T00:00:00Z&End=2026-03-01T00:00:00Z'
    const { status, body } = await fixture.get(`/v1/UsageRecords?${asked}`)
    assert.equal(status, 400)
    assert.deepEqual(body, {
      code: 33101,
      message:
        'Start 2026-03-02T00:00:00Z is after End 2026-03-01T00:00:00Z; ' +
        'give a Start that is not after End',
      more_info: 'https://www.twilio.com/docs/errors/33101',
      status: 400,
    })
  })
})

describe('periods at the ends of the calendar', () => {
  let fixture: HttpFixture
  let sim: Sim

  before(async () => {
    fixture = await HttpFixture.open()
    fixture.clock.now = instant('2024-03-31T10:00:00Z')
    sim = await fixture.addSim()
    await fixture.use(sim, '2024-02-29T00:00:00Z', { upload: 1 })
    await fixture.use(sim, '2024-02-29T23:59:59Z', { upload: 10 })
    await fixture.use(sim, '2024-03-01T00:00:00Z', { upload: 100 })
  })

  after(() => fixture.close())

  it('have a 29 February in a leap year', async () => {
    const asked = 'Granularity=daily&Start=2024-02-28&End=2024-03-02'
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords?${asked}`)
    assert.deepEqual(
      body.usage_records.map(({ period, data }) => [period.start, data.total]),
      [
        ['2024-03-01T00:00:00Z', 100],
        ['2024-02-29T00:00:00Z', 11],
        ['2024-02-28T00:00:00Z', 0],
      ],
    )
  })

  it('start on the last day of a shorter month by default', async () => {
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}/UsageRecords`)
    assert.deepEqual(body.usage_records[0]!.period, {
      start: '2024-02-29T10:00:00Z',
      end: '2024-03-31T10:00:00Z',
    })
    assert.equal(body.usage_records[0]!.data.total, 110)
  })
})
