/** Gzip files that were cut or damaged on their way, and files that are no delivery. */
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CliWorld, HEADER, records } from './cli-world.ts'

const RECORDS = 500

let world: CliWorld
before(async () => {
  world = await CliWorld.open()
})
after(() => world.close())

let used = 0
/** Records that no other test has brought. */
function newRecords(): string[] {
  used += RECORDS
  return records(RECORDS, used - RECORDS)
}

const pack = (lines: readonly string[]) => gzipSync(HEADER + lines.join(''))

function flipped(bytes: Buffer, at: number): Buffer {
  const damaged = Buffer.from(bytes)
  damaged[at]! ^= 0xff
  return damaged
}

describe('a gzip file', () => {
  const broken: readonly [string, (packed: Buffer) => Buffer, RegExp][] = [
    ['cut by its last byte', (b) => b.subarray(0, -1), /the gzip data is cut off/],
    ['damaged at its end', (b) => flipped(b, b.length - 6), /the gzip data is damaged/],
    [
      'followed by something else',
      (b) => Buffer.concat([b, Buffer.from('<html>')]),
      /the gzip data is damaged/,
    ],
  ]
  for (const [name, breakIt, message] of broken) {
    it(`${name} is refused before anything of it is counted, and counted when whole`, async () => {
      const counted = await world.countedRecords()
      const packed = pack(newRecords())
      const file = await world.cli.file('usage.csv.gz', breakIt(packed))
      const { exitCode, stderr, done } = await world.import([file, '--batch-size', '10'])
      assert.equal(exitCode, 1)
      assert.deepEqual(
        done.map(({ status, records: told }) => [status, told]),
        [['failed', 0]],
      )
      assert.match(
        stderr,
        /^simtally: .*usage\.csv\.gz: the gzip data is [^\n]*\n {2}fetch the delivery/,
      )
      assert.match(stderr, message)
      assert.equal(await world.countedRecords(), counted)

      await world.cli.file('usage.csv.gz', packed)
      const whole = await world.import([file])
      assert.deepEqual([whole.exitCode, whole.done[0]!.accepted], [0, RECORDS])
      assert.equal(await world.countedRecords(), counted + RECORDS)
    })
  }

  it('that is cut on standard input is counted by whole batches, and completed', async () => {
    const counted = await world.countedRecords()
    const packed = pack(newRecords())
    const stdin = new PassThrough()
    stdin.end(packed.subarray(0, -4))
    const { exitCode, stderr, done } = await world.import(['-', '--batch-size', '100'], { stdin })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^simtally: -: the gzip data is cut off/m)
    const { status, accepted, records: told } = done[0]!
    assert.equal(status, 'failed')
    assert.ok(told === accepted && accepted % 100 === 0, `${accepted} records`)
    assert.equal(await world.countedRecords(), counted + accepted)

    const again = new PassThrough()
    again.end(packed)
    const whole = await world.import(['-'], { stdin: again })
    assert.equal(whole.done[0]!.accepted, RECORDS - accepted)
    assert.equal(whole.done[0]!.duplicate, accepted)
    assert.equal(await world.countedRecords(), counted + RECORDS)
  })
})

describe('a file that is no delivery', () => {
  const files: readonly [string, string | Buffer, RegExp][] = [
    ['empty', '', /there is no header line: the delivery is empty/],
    ['empty once unpacked', gzipSync(''), /there is no header line: the delivery is empty/],
    [
      'without a header',
      records(1).join(''),
      /the header line ".*" has no column record_id, sim, /,
    ],
    ['a document', '%PDF-1.7\n', /the delivery is a PDF document, not usage records\n {2}ask /],
    [
      'a web page',
      '<!DOCTYPE html>\n<html>\n',
      /the delivery is a web page, .*\n {2}fetch it again: /,
    ],
  ]
  for (const [name, content, message] of files) {
    it(`is refused: ${name}`, async () => {
      const file = await world.cli.file('usage', content)
      const { exitCode, stderr, done } = await world.import([file])
      assert.equal(exitCode, 1)
      assert.deepEqual([done[0]!.status, done[0]!.records], ['failed', 0])
      assert.match(stderr, /^simtally: .*usage: /)
      assert.match(stderr, message)
    })
  }

  const packed: readonly [string, Buffer, RegExp][] = [
    ['a cut archive', Buffer.from([0x50, 0x4b, 3, 4, 0, 0xff, 0, 0x0a]), /the ZIP data is cut off/],
    [
      'packed twice',
      gzipSync(pack(records(1))),
      /the delivery is packed twice\n {2}unpack it once/,
    ],
  ]
  for (const [name, content, message] of packed) {
    it(`is refused before any of it is read for counting: ${name}`, async () => {
      const file = await world.cli.file('usage', content)
      const { exitCode, stderr, done } = await world.import([file])
      assert.equal(exitCode, 1)
      assert.deepEqual(
        done.map(({ status, records: told }) => [status, told]),
        [['failed', 0]],
      )
      assert.match(stderr, message)
    })
  }
})
