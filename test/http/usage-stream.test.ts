/** Long answers to questions about a fleet: lines that come piece by piece, and go on where they were cut. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { UsageError } from '../../src/domain/usage-error.ts'
import type { MemberPage, UsageMember, UsageQuestion } from '../../src/domain/usage-question.ts'
import { PIECE_MEMBERS } from '../../src/http/member-stream.ts'
import { rowsIn } from '../support/answers.ts'
import { NOW, sidOf } from '../support/builders.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'
import { liveBytes } from '../support/live-memory.ts'

const HEADER =
  'account_sid,sim_sid,group,label,zone,country_code,network,feed,start,end,' +
  'download,upload,data_total,to_sim,from_sim,commands_total,page_token'

const PERIOD = 'Start=2026-02-01&End=2026-03-01'

let fixture: HttpFixture
let asked: MemberPage[]
let questions: UsageQuestion[]

/** A fleet of so many SIMs, the one with number n having used n bytes; in none of the store's tables. */
function answerFor(
  sims: number,
  stated: (n: number) => Partial<UsageMember> = () => ({}),
): typeof fixture.store.answerUsage {
  return async (question, page) => {
    asked.push(page)
    questions.push(question)
    const from = page.after === undefined ? 1 : page.after.simId! + 1
    const count = Math.max(0, Math.min(page.limit, sims - from + 1))
    return Array.from({ length: count }, (_, i) => ({
      bucketStart: question.start,
      upload: 0,
      download: BigInt(from + i),
      toSim: 0,
      fromSim: 1,
      simId: from + i,
      simSid: sidOf('DE', from + i),
      ...stated(from + i),
    }))
  }
}

function hasSims(sims: number, stated?: (n: number) => Partial<UsageMember>): void {
  Object.assign(fixture.store, { answerUsage: answerFor(sims, stated) })
}

before(async () => {
  fixture = await HttpFixture.open()
})
after(() => fixture.close())
beforeEach(() => {
  fixture.clock.now = NOW
  asked = []
  questions = []
})

/** Where the server listens, as it does once. */
let listening: Promise<string> | null = null
function address(): Promise<string> {
  listening ??= fixture.listen()
  return listening
}

function ask(query: string, accept?: string) {
  const url = `/v1/Usage?${PERIOD}&GroupBy=sim&${query}` as const
  return fixture.get(url, { headers: { ...(accept && { accept }) } })
}

function rowsOf(csv: string): string[] {
  const [header, ...rows] = csv.trimEnd().split('\n')
  assert.equal(header, HEADER)
  return rows
}

const tokenOf = (row: string) => row.slice(row.lastIndexOf(',') + 1)

describe('an answer in lines', () => {
  it('is CSV or NDJSON where the parameter says so, or else what is accepted', async () => {
    hasSims(2)
    const row = (n: number) =>
      `${fixture.owner.sid},${sidOf('DE', n)},,,,,,,2026-02-01T00:00:00Z,2026-03-01T00:00:00Z,${n},0,${n},0,1,1,`
    for (const [query, accept, type] of [
      ['Format=csv', undefined, 'text/csv'],
      ['Format=csv', 'application/json', 'text/csv'],
      ['', 'text/html, text/csv;q=0.9, */*;q=0.1', 'text/csv'],
      ['Format=ndjson', 'text/csv', 'application/x-ndjson'],
      ['', 'application/jsonl', 'application/x-ndjson'],
      ['', 'text/csv;q=0.1, application/json', 'application/json'],
      ['', '*/*', 'application/json'],
      ['', 'text/csv;q=0', 'application/json'],
    ] as const) {
      const { status, headers, text } = await ask(query, accept)
      assert.equal(status, 200, text)
      assert.equal(String(headers['content-type']).split(';')[0], type, `${query} ${accept}`)
      assert.match(String(headers.vary), /\bAccept(?!-)/)
      if (type === 'text/csv') assert.deepEqual(rowsOf(text), [row(1), row(2)])
    }
    const { text } = await ask('Format=ndjson')
    assert.deepEqual(rowsIn<'/v1/Usage'>(text), (await ask('')).body.usage)
    assert.equal((await ask('Format=xml')).status, 400)
  })

  it('goes on piece by piece until all is said, however many there are', async () => {
    hasSims(4 * PIECE_MEMBERS + 1)
    const rows = rowsOf((await ask('Format=csv')).text)
    assert.equal(rows.length, 4 * PIECE_MEMBERS + 1)
    rows.forEach((row, i) => {
      assert.ok(row.includes(sidOf('DE', i + 1)))
      const isLastOfPiece = (i + 1) % PIECE_MEMBERS === 0
      assert.equal(tokenOf(row) !== '', isLastOfPiece, row)
    })
    assert.equal(asked.length, 5)
    assert.ok(asked.every(({ limit }) => limit === PIECE_MEMBERS + 1))
  })

  it('is resumed from the last token that came, in the same window, with or without its parameters', async () => {
    hasSims(2 * PIECE_MEMBERS + 10)
    const whole = rowsOf((await ask('Format=csv&Order=-data&Label=customer%3Dacme')).text)
    const cut = whole.slice(0, PIECE_MEMBERS + 777)
    const last = cut.findLastIndex((row) => tokenOf(row) !== '')
    fixture.clock.now += 40 * 86_400
    const token = tokenOf(cut[last]!)
    questions = []
    const rest = await ask(`Format=csv&PageToken=${token}`)
    assert.deepEqual([...cut.slice(0, last + 1), ...rowsOf(rest.text)], whole)
    assert.partialDeepStrictEqual(questions[0], {
      order: '-data',
      filter: { label: { key: 'customer', value: 'acme' } },
      groupBy: ['sim'],
      end: Date.parse('2026-03-01') / 1_000,
    })
    const other = await ask(`Format=csv&Order=data&PageToken=${token}`)
    assert.deepEqual([other.status, other.error.code], [400, 21481])
    const stranger = await fixture.addAccount()
    const stolen = await fixture.get(`/v1/Usage?Format=csv&PageToken=${token}`, { as: stranger })
    assert.equal(stolen.status, 400)
  })

  it('has as many as PageSize says, and then a token', async () => {
    hasSims(10)
    const rows = rowsOf((await ask('Format=csv&PageSize=3')).text)
    assert.deepEqual(
      rows.map((row) => tokenOf(row) !== ''),
      [false, false, true],
    )
    const next = rowsOf((await ask(`Format=csv&PageSize=7&PageToken=${tokenOf(rows[2]!)}`)).text)
    assert.ok(next[0]!.includes(sidOf('DE', 4)))
    assert.deepEqual([next.length, tokenOf(next.at(-1)!)], [7, ''])
    const ndjson = rowsIn<'/v1/Usage'>((await ask('Format=ndjson&PageSize=3')).text)
    assert.deepEqual(
      ndjson.map((row) => typeof row.page_token),
      ['undefined', 'undefined', 'string'],
    )
  })

  it('asks for nothing before somebody reads, and for no more once nobody does', async () => {
    const reading = await HttpFixture.open()
    Object.assign(reading.store, { answerUsage: answerFor(10_000 * PIECE_MEMBERS) })
    const url = await reading.listen()
    const path = `${url}/v1/Usage?${PERIOD}&GroupBy=sim&Format=csv`
    const request = get(path, { headers: { authorization: basic(reading.owner) } })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response, 'data')
    response.pause()
    request.destroy()
    // Whatever was under way ends before the server does.
    await reading.close()
    assert.ok(asked.length < 1_000, `${asked.length} pieces`)
  })

  it('is in memory a piece at a time', async () => {
    const pieces = 20
    hasSims(pieces * PIECE_MEMBERS)
    const headers = { authorization: basic(fixture.owner) }
    const path = `${await address()}/v1/Usage?${PERIOD}&GroupBy=sim&Format=ndjson`
    const held: number[] = []
    let bytes = 0
    for await (const chunk of (await fetch(path, { headers })).body!) {
      bytes += chunk.length
      if (asked.length > held.length * 10) held.push(liveBytes())
    }
    assert.ok(bytes > pieces * PIECE_MEMBERS * 300, `${bytes} bytes`)
    assert.ok(held.length >= 2)
    assert.ok(held.at(-1)! - held[0]! < 20_000_000, held.join(' '))
  })

  it('answers only the headers of a HEAD', async () => {
    hasSims(3 * PIECE_MEMBERS)
    const url = `/v1/Usage?${PERIOD}&GroupBy=sim&Format=csv`
    const { status, headers, text } = await fixture.send('HEAD', url)
    assert.deepEqual([status, text, asked.length], [200, '', 1])
    assert.match(String(headers['content-type']), /^text\/csv/)
  })

  it('is answered as a failure where the first piece fails, and cut off where a later one does', async () => {
    const fails = (at: number) => {
      const answer = answerFor(3 * PIECE_MEMBERS)
      return {
        answerUsage: async (question: UsageQuestion, page: MemberPage) => {
          if (asked.length === at) throw new UsageError('unavailable', 'gone')
          return answer(question, page)
        },
      }
    }
    Object.assign(fixture.store, fails(0))
    assert.equal((await ask('Format=csv')).status, 503)
    Object.assign(fixture.store, fails(1))
    const headers = { authorization: basic(fixture.owner) }
    const path = `${await address()}/v1/Usage?${PERIOD}&GroupBy=sim&Format=csv`
    const response = await fetch(path, { headers })
    assert.equal(response.status, 200)
    await assert.rejects(response.text())
  })
})

describe('the cells of CSV', () => {
  it('are no formulas in a spreadsheet, and no more cells than there are columns', async () => {
    const names = ['=HYPERLINK("http://x")', '@SUM(A1)', '+1;2', 'a,"b"\nc', '-x']
    hasSims(names.length, (n) => ({
      group: { id: n, sid: sidOf('HF', n), uniqueName: names[n - 1]! },
      label: names[n - 1]!,
    }))
    const { text } = await ask('Format=csv&GroupBy=sim')
    const rows = rowsOf(text).map((row) => row.split(`${','.repeat(5)}2026`)[0]!.slice(70))
    const cells = [
      `"'=HYPERLINK(""http://x"")"`,
      "'@SUM(A1)",
      `"'+1;2"`,
      '"a,""b""\\u000ac"',
      "'-x",
    ]
    assert.deepEqual(
      rows,
      cells.map((cell) => `${cell},${cell}`),
    )
  })
})
