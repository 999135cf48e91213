/**
 * Lists of SIMs as carriers and spreadsheets write them, and records that write the same numbers in other
 * ways: what is read of the lists is registered, and what is delivered finds it.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Feed } from '../../src/domain/directory.ts'
import { readSimList } from '../../src/ingest/sim-list.ts'
import { NOW, newSimSid } from '../support/builders.ts'
import { IngestFixture } from '../support/ingest-fixture.ts'

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

interface ListCase {
  readonly name: string
  readonly list: string | Buffer
  /** What a record calls the SIM, and the unique name of the SIM that it means; null for none. */
  readonly means: Readonly<Record<string, string | null>>
}

const hexadecimal: readonly ListCase[] = [
  {
    name: 'of China, with a letter in the middle',
    list: 'iccid,imsi,unique_name\n898600C7182261000021,460040000000021,cn-21\n898604D7182261000022,460040000000022,cn-22\n',
    means: { '898600C7182261000021': 'cn-21', '898604D7182261000022': 'cn-22' },
  },
  {
    name: 'in lower case in the list, in upper case in records, and the other way round',
    list: 'iccid,unique_name\n898600e7182261000031,cn-31\n898600E7182261000032,cn-32\n',
    means: { '898600E7182261000031': 'cn-31', '898600e7182261000032': 'cn-32' },
  },
  {
    name: 'of 19 digits, with and without the digit that fills it',
    list: 'iccid,unique_name\n898600A718226100004F,cn-41\n898600B718226100005,cn-42\n',
    means: {
      '898600A718226100004': 'cn-41',
      '898600a718226100004f': 'cn-41',
      '898600B718226100005F': 'cn-42',
    },
  },
  {
    name: 'which are told apart by one letter',
    list: 'iccid,unique_name\n898600A7182261000051,cn-51\n898600B7182261000051,cn-52\n',
    means: {
      '898600A7182261000051': 'cn-51',
      '898600B7182261000051': 'cn-52',
      '898600C7182261000051': null,
    },
  },
  {
    name: 'printed in groups',
    list: 'iccid,unique_name\n8986 00D7 1822 6100 0061,cn-61\n',
    means: { '8986-00D7-1822-6100-0061': 'cn-61', '898600D7182261000061': 'cn-61' },
  },
  {
    name: 'with letters in each of the places that an operator chooses',
    list: 'iccid,unique_name\n8986 0A B C D E 0 F 61000071,cn-71\n',
    means: { '89860ABCDE0F61000071': 'cn-71' },
  },
  {
    name: 'whose IMSI the records state instead',
    list: 'iccid,imsi,unique_name\n898600F7182261000081,460040000000081,cn-81\n',
    means: { '460040000000081': 'cn-81' },
  },
]

const filled: readonly ListCase[] = [
  {
    name: 'of 18 digits, with FF behind it in records',
    list: 'iccid,imsi,unique_name\n890126000000000201,310260000000201,eighteen-1\n',
    means: { '890126000000000201FF': 'eighteen-1', '890126000000000201': 'eighteen-1' },
  },
  {
    name: 'of 18 digits, with FF behind it in the list',
    list: 'iccid,unique_name\n890126000000000211FF,eighteen-2\n',
    means: { '890126000000000211': 'eighteen-2', '890126000000000211ff': 'eighteen-2' },
  },
  {
    name: 'of 19 digits, with F behind it',
    list: 'iccid,unique_name\n8901260000000002218,nineteen-1\n8901260000000002226F,nineteen-2\n',
    means: { '8901260000000002218F': 'nineteen-1', '8901260000000002226': 'nineteen-2' },
  },
  {
    name: 'without the check digit in records',
    list: 'iccid,unique_name\n8901260000000002333,nineteen-3\n',
    means: { '890126000000000233': 'nineteen-3', '890126000000000233FF': 'nineteen-3' },
  },
  {
    name: 'with the check digit in records only',
    list: 'iccid,unique_name\n890126000000000242,eighteen-3\n',
    means: { '8901260000000002424': 'eighteen-3', '8901260000000002424F': 'eighteen-3' },
  },
  {
    name: 'with a check digit that is wrong, which is another SIM',
    list: 'iccid,unique_name\n890126000000000252,eighteen-4\n',
    means: { '8901260000000002529': null, '890126000000000252': 'eighteen-4' },
  },
  {
    name: 'with three digits that fill it, or in the middle, which nobody writes',
    list: 'iccid,unique_name\n890126000000000262,eighteen-5\n',
    means: { '890126000000000262FFF': null, '890126FF000000000262': null },
  },
]

const spreadsheets: readonly ListCase[] = [
  {
    name: 'with semicolons',
    list: 'iccid;imsi;unique_name\n8901260000000003015;310260000000301;sheet-1\n',
    means: { '310260000000301': 'sheet-1' },
  },
  {
    name: 'with a line that says so',
    list: 'sep=;\r\niccid;imsi;unique_name\r\n8901260000000003023;310260000000302;sheet-2\r\n',
    means: { '8901260000000003023': 'sheet-2' },
  },
  {
    name: 'as Unicode text, with tabs',
    list: utf16('iccid\tunique_name\tfriendly_name\r\n8901260000000003031\tsheet-3\tTür 3\r\n'),
    means: { '8901260000000003031': 'sheet-3' },
  },
  {
    name: 'packed',
    list: gzipSync('iccid,unique_name\n8901260000000003049,sheet-4\n'),
    means: { '8901260000000003049': 'sheet-4' },
  },
  {
    name: 'with numbers kept as text',
    list: 'iccid,imsi,unique_name\n\'8901260000000003056,"=""310260000000305""",sheet-5\n',
    means: { '8901260000000003056': 'sheet-5', '310260000000305': 'sheet-5' },
  },
  {
    name: 'with a name that has a comma and quotes in it',
    list: 'iccid,unique_name,friendly_name\n8901260000000003064,sheet-6,"Gate ""North"", left"\n',
    means: { '8901260000000003064': 'sheet-6' },
  },
]

const refused: readonly [name: string, list: string | Buffer, says: RegExp][] = [
  [
    'an ICCID as a power of ten',
    'iccid,unique_name\n8.90126E+18,x\n',
    /line 2: iccid "8\.90126E\+18": a spreadsheet has shortened .*export it as text/,
  ],
  [
    'an ICCID as a power of ten, with a comma',
    'iccid;unique_name\n8,90126E+18;x\n',
    /a spreadsheet has shortened/,
  ],
  [
    'ICCIDs that were rounded to one another',
    'iccid,unique_name\n8901260000012350000,x\n8901260000012350000,y\n',
    /line 2: .*as a spreadsheet rounds long numbers[\s\S]*line 3: /,
  ],
  ['an IMSI as a power of ten', 'imsi,unique_name\n3.1026E+14,x\n', /has shortened this number/],
  [
    'a phone number as a power of ten',
    'imsi,msisdn\n310260000000399,1.5550000001E+10\n',
    /msisdn "1\.5550000001E\+10": a spreadsheet has shortened/,
  ],
  ['letters that no ICCID has', 'iccid\n898600G7182261000021\n', /expected 18 to 20 digits/],
  [
    'an Excel workbook',
    readFileSync(new URL('../fixtures/zip/workbook.xlsx', import.meta.url)),
    /^the delivery is an Excel workbook, not usage records$/,
  ],
  ['a PDF', '%PDF-1.7\n', /a PDF document, not usage records/],
]

async function* bytesOf(content: string | Buffer): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content as string)
}

describe('lists of SIMs', () => {
  let fixture: IngestFixture
  let feed: Feed
  let records = 0

  before(async () => {
    fixture = await IngestFixture.open()
    feed = await fixture.newFeed()
  })
  after(() => fixture.close())

  /** One record by each of the names; each name's own bit of a sum tells what it was counted for. */
  async function deliver(names: readonly string[]): Promise<number> {
    const lines = names.map(
      (sim, i) => `r${++records},${sim},2026-03-14T10:00:00Z,310-260,${2 ** i}\n`,
    )
    const done = await fixture.deliver(
      feed,
      `record_id,sim,occurred_at,plmn,upload\n${lines.join('')}`,
    )
    const waits = await fixture.quarantined(done)
    return waits.filter((reason) => reason.endsWith('unknown_sim')).length
  }

  async function uploadOf(uniqueName: string): Promise<number> {
    const sim = await fixture.store.findSim(fixture.account.id, uniqueName)
    const [used] = await fixture.usage(sim!)
    return Number(/home US (\d+)\//.exec(used ?? '')?.[1] ?? 0)
  }

  async function check({ list, means }: ListCase): Promise<void> {
    const { entries, faults, warnings } = await readSimList(bytesOf(list))
    assert.deepEqual([faults, warnings], [[], []])
    const registrations = entries.map(({ registration }) => registration)
    const options = { at: NOW, newSid: newSimSid }
    await fixture.store.registerSims(fixture.account.id, registrations, options)
    const meanings = Object.values(means)
    const unknown = await deliver(Object.keys(means))
    assert.equal(unknown, meanings.filter((name) => name === null).length)
    for (const { uniqueName } of registrations) {
      const bits = meanings.map((name, i) => (name === uniqueName ? 2 ** i : 0))
      const expected = bits.reduce((sum, bit) => sum + bit, 0)
      assert.equal(await uploadOf(uniqueName!), expected, uniqueName!)
    }
  }

  for (const [title, cases] of [
    ['know ICCIDs with hexadecimal digits', hexadecimal],
    ['and records may fill ICCIDs', filled],
    ['may come from a spreadsheet', spreadsheets],
  ] as const) {
    for (const one of cases) it(`${title}, ${one.name}`, () => check(one))
  }

  for (const [name, list, says] of refused) {
    it(`are refused whole, with the cause, for ${name}`, async () => {
      await assert.rejects(
        readSimList(bytesOf(list)).then(({ faults }) => {
          throw new Error(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'))
        }),
        { message: says },
      )
    })
  }
})
