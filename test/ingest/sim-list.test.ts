import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readSimList, SIM_COLUMNS } from '../../src/ingest/sim-list.ts'
import { iccidOf, imsiOf, instant, sidOf } from '../support/builders.ts'

async function* bytesOf(text: string, chunkBytes = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

const read = (text: string) => readSimList(bytesOf(text))

async function faultsOf(text: string): Promise<string[]> {
  return (await read(text)).faults.map(({ line, message }) => `${line} ${message}`)
}

describe('a list of SIMs', () => {
  it('states everything that a SIM can have', async () => {
    const list = await read(
      `${SIM_COLUMNS.join()}\n${sidOf('DE', 1)},${iccidOf(1)},${imsiOf(1)} ${imsiOf(2)},` +
        '+1 555 010 0001,one,"First, of many",310-260 310-160,US;PR,' +
        'trackers,customer=acme site=,2026-02-01\n',
    )
    assert.deepEqual(list, {
      entries: [
        {
          line: 2,
          registration: {
            sid: sidOf('DE', 1),
            iccid: iccidOf(1),
            imsis: [imsiOf(1), imsiOf(2)],
            msisdn: '15550100001',
            uniqueName: 'one',
            friendlyName: 'First, of many',
            home: { plmns: ['310-260', '310-160'], countries: ['US', 'PR'] },
          },
          place: {
            group: 'trackers',
            labels: { customer: 'acme', site: null },
            since: instant('2026-02-01T00:00:00Z'),
          },
        },
      ],
      faults: [],
      warnings: [],
    })
  })

  it('leaves out what its cells leave empty, so that nothing registered is taken away', async () => {
    const { entries } = await read(`iccid,imsi,unique_name,home_plmns\n${iccidOf(1)},, ,\n`)
    assert.deepEqual(entries, [{ line: 2, registration: { iccid: iccidOf(1), home: {} } }])
  })

  it('may name its columns in any order and case, with a byte order mark and empty lines', async () => {
    const { entries, faults } = await read(`\ufeffFriendly_Name, IMSI\r\n\r\nA,${imsiOf(1)}\r\n`)
    assert.deepEqual(faults, [])
    assert.equal(entries[0]?.line, 3)
    assert.deepEqual(entries[0]?.registration.imsis, [imsiOf(1)])
  })

  it('warns of columns that it does not know', async () => {
    const { warnings, entries } = await read(`iccid,colour\n${iccidOf(1)},red\n`)
    assert.deepEqual(warnings, ['columns that Simtally does not know were ignored: "colour"'])
    assert.equal(entries.length, 1)
  })

  it('names every fault of every line, with column, value and rule', async () => {
    const faults = await faultsOf(
      `iccid,imsi,unique_name,home_countries\n` +
        `12,x,a/b,UK\n` +
        `,,b,\n` +
        `${iccidOf(1)},1,2\n` +
        `${iccidOf(2)},"${imsiOf(1)},,\n` +
        `"${iccidOf(2)}"x,,,\n` +
        `${iccidOf(3)}\0,,,\n`,
    )
    assert.deepEqual(faults, [
      '2 iccid "12": expected 18 to 20 digits starting with 89',
      '2 imsi "x": expected 6 to 15 digits',
      '2 unique_name "a/b": a unique name appears in paths: no slash, backslash or invisible character, and not . or ..',
      '2 home_countries "UK": expected ISO 3166-1 country codes, such as US',
      '3 iccid or imsi: one of them is required',
      '4 3 fields, but the header has 4',
      '5 a quote is opened and never closed',
      '6 a field is quoted only in part: quote all of it, and double the quotes inside ("")',
      '7 the line has a NUL byte at character 20',
    ])
  })

  it('names what is wrong with labels and instants', async () => {
    const long = 'x'.repeat(10_240)
    const faults = await faultsOf(
      `iccid,group,labels,since\n` +
        `${iccidOf(1)},a,customer,\n` +
        `${iccidOf(2)},a,customer=a customer=b,soon\n` +
        `${iccidOf(3)},,,2026-02-01\n` +
        `${iccidOf(4)},,note=${long},\n`,
    )
    assert.deepEqual(
      faults.map((fault) => fault.replace(/x{80}…/, 'LONG')),
      [
        '2 labels "customer": expected key=value, such as customer=acme',
        '3 labels "customer=b": the key "customer" is given twice: a label has one value',
        '3 since "soon": expected an ISO 8601 time, such as 2026-02-28T23:59:59Z',
        '4 since says since when something holds: give group or labels too',
        '5 labels "LONG": the value of a label has 1 to 256 characters, none of them a control character',
      ],
    )
  })

  it('refuses a value that names two SIMs, without telling the identifier', async () => {
    const [first, second] = [iccidOf(1), iccidOf(2)]
    const faults = await faultsOf(
      `iccid,imsi,unique_name\n${first},${imsiOf(1)},a\n${first},${imsiOf(1)},a\n` +
        `${second},${imsiOf(3)} ${imsiOf(3)},b\n`,
    )
    assert.deepEqual(
      faults.map((fault) => fault.replace(/"\d{6}…\d\d"/, 'MASKED')),
      [
        '3 iccid MASKED: is already in line 2',
        '3 imsi MASKED: is already in line 2',
        '3 unique_name "a": is already in line 2',
        '4 imsi MASKED: is already in line 4',
      ],
    )
  })

  it('cannot be read without a header that names iccid or imsi', async () => {
    for (const [text, message] of [
      ['', 'there is no header line: the list is empty'],
      ['\n\n', 'there is no header line: the list is empty'],
      [`${iccidOf(1)}\n`, /^the header "8901260\d+" has neither iccid nor imsi$/],
      ['iccid,imsi,ICCID\n', 'the header has "iccid" twice'],
      ['"iccid\n', 'the header cannot be read'],
    ] as const) {
      await assert.rejects(read(text), { code: 'unreadable', message })
    }
  })
})
