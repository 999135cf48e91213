/** Unpacking deliveries: what they are is told by their bytes, and what is broken is refused. */
import assert from 'node:assert/strict'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { plainBytes, verifyPackedFile } from '../../src/ingest/delivery-bytes.ts'
import { RATIO_FREE_BYTES, type UnpackLimits } from '../../src/ingest/unpack-limits.ts'
import { inChunks } from '../support/record-files.ts'

const TEXT = 'record_id,sim,occurred_at\na,b,2026-03-01\n'
const PACKED = gzipSync(TEXT)

async function unpack(bytes: Uint8Array, chunkBytes = bytes.length + 1): Promise<string> {
  return textOf(inChunks(bytes, [chunkBytes]))
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of plainBytes(source)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const CUT = { code: 'unreadable', message: /^the gzip data is cut off \(.+\)$/ }
const DAMAGED = { code: 'unreadable', message: /^the gzip data is damaged \(.+\)$/ }

describe('a delivery', () => {
  it('is unpacked when it begins as gzip does, and else left as it is', async () => {
    for (const chunkBytes of [1, 2, 3, 1_000]) {
      assert.equal(await unpack(PACKED, chunkBytes), TEXT)
      assert.equal(await unpack(Buffer.from(TEXT), chunkBytes), TEXT)
    }
  })

  it('may be empty, or a single byte', async () => {
    assert.equal(await unpack(Buffer.alloc(0)), '')
    assert.equal(await unpack(Buffer.from('x')), 'x')
    assert.equal(await unpack(gzipSync('')), '')
  })

  it('may come with empty chunks', async () => {
    async function* chunks() {
      yield Buffer.alloc(0)
      yield* inChunks(PACKED, [0, 1])
      yield Buffer.alloc(0)
    }
    assert.equal(await textOf(chunks()), TEXT)
  })

  it('may consist of several gzip files, one after the other', async () => {
    const several = Buffer.concat([PACKED, gzipSync('more\n'), gzipSync('')])
    for (const chunkBytes of [1, 2, PACKED.length, PACKED.length + 1, 1_000]) {
      assert.equal(await unpack(several, chunkBytes), `${TEXT}more\n`)
    }
  })

  it('may be filled up with zeros', async () => {
    const filled = Buffer.concat([PACKED, Buffer.alloc(512)])
    for (const chunkBytes of [1, 100, 1_000]) assert.equal(await unpack(filled, chunkBytes), TEXT)
  })

  it('is read to its end, so that all of it can be checked', async () => {
    let bytesRead = 0
    async function* filled() {
      for await (const chunk of inChunks(Buffer.concat([PACKED, Buffer.alloc(900)]), [100])) {
        bytesRead += chunk.length
        yield chunk
      }
    }
    await textOf(filled())
    assert.equal(bytesRead, PACKED.length + 900)
  })

  it('is refused when other data follows the gzip data', async () => {
    for (const chunkBytes of [1, 100, 1_000]) {
      const garbage = Buffer.concat([PACKED, Buffer.from('more')])
      await assert.rejects(unpack(garbage, chunkBytes), DAMAGED)
      const hidden = Buffer.concat([PACKED, Buffer.alloc(300), gzipSync('more\n')])
      await assert.rejects(unpack(hidden, chunkBytes), DAMAGED)
    }
  })

  it('is refused wherever it is cut', async () => {
    for (let length = 2; length < PACKED.length; length++) {
      for (const chunkBytes of [1, 1_000]) {
        await assert.rejects(unpack(PACKED.subarray(0, length), chunkBytes), CUT, `${length} bytes`)
      }
    }
    await assert.rejects(unpack(Buffer.concat([PACKED, PACKED.subarray(0, 9)])), CUT)
  })

  it('is refused when it is damaged, unless it still says the same', async () => {
    const damage = fc.tuple(
      fc.integer({ min: 2, max: PACKED.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
    )
    await fc.assert(
      fc.asyncProperty(damage, async ([at, flipped]) => {
        const damaged = Buffer.from(PACKED)
        damaged[at]! ^= flipped
        try {
          assert.equal(await unpack(damaged), TEXT)
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error
          assert.equal((error as { code: string }).code, 'unreadable')
        }
      }),
    )
    const inTheMiddle = Buffer.from(PACKED)
    inTheMiddle[PACKED.length - 6]! ^= 1
    await assert.rejects(unpack(inTheMiddle), { ...DAMAGED, hint: /^fetch the delivery again / })
  })

  it('is refused at once when it is damaged, although more may come', {
    timeout: 9_000,
  }, async () => {
    let isLetGo = (_: boolean) => {}
    const more = new Promise<boolean>((resolve) => {
      isLetGo = resolve
    })
    async function* slow() {
      yield Buffer.concat([PACKED.subarray(0, 10), Buffer.alloc(100, 0xff)])
      await more
    }
    await assert.rejects(textOf(slow()), DAMAGED)
    isLetGo(true)
  })

  it('fails as its source fails', async () => {
    for (const head of [PACKED.subarray(0, 15), PACKED, Buffer.from(TEXT)]) {
      async function* broken() {
        yield head
        throw new Error('the line went dead')
      }
      await assert.rejects(textOf(broken()), { message: 'the line went dead' })
    }
  })

  it('lets its source go when nobody reads on', async () => {
    for (const bytes of [gzipSync('x'.repeat(1_000_000)), Buffer.from(TEXT)]) {
      const { promise: letGo, resolve } = Promise.withResolvers<void>()
      async function* endless() {
        try {
          for (;;) yield bytes
        } finally {
          resolve()
        }
      }
      for await (const _ of plainBytes(endless())) break
      await letGo
    }
  })

  it('is refused as soon as it unpacks to more than the limits allow', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * RATIO_FREE_BYTES))
    for (const [limits, limit, most] of [
      [{ unpackedBytes: 1_000_000, unpackRatio: 1_100 }, 'unpackedBytes', 1_000_000],
      [{ unpackedBytes: 1e9, unpackRatio: 200 }, 'unpackRatio', RATIO_FREE_BYTES + 262_144],
    ] as const) {
      let bytesRead = 0
      const reading = async () => {
        for await (const chunk of plainBytes(inChunks(bomb, [65_536]), limits)) {
          bytesRead += chunk.length
        }
      }
      await assert.rejects(reading(), { code: 'unreadable', limit })
      assert.ok(bytesRead <= most, `${bytesRead} bytes were unpacked`)
    }
    let bytesRead = 0
    const repetitive = gzipSync(Buffer.alloc(1_000_000))
    for await (const chunk of plainBytes(inChunks(repetitive, [65_536]))) bytesRead += chunk.length
    assert.equal(bytesRead, 1_000_000)
  })

  it('is unpacked no faster than it is read, however tightly it is packed', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1_048_576))
    const heldBefore = process.memoryUsage().arrayBuffers
    const reading = plainBytes(inChunks(bomb, [65_536]))[Symbol.asyncIterator]()
    for (let i = 0; i < 4; i++) {
      await reading.next()
      for (let turn = 0; turn < 50; turn++) await setImmediate()
      const held = process.memoryUsage().arrayBuffers - heldBefore
      assert.ok(held < 8_000_000, `${held} bytes are held`)
    }
    await reading.return!()
  })
})

describe('verifying a gzip file', () => {
  let dir: string
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'simtally-gzip-'))
  })
  after(() => rm(dir, { recursive: true, force: true }))

  async function verify(...[bytes, limits]: [Uint8Array, UnpackLimits?]): Promise<void> {
    const path = join(dir, 'usage.csv')
    await writeFile(path, bytes)
    await using file = await open(path)
    await verifyPackedFile(file, limits)
    assert.deepEqual(await file.readFile(), Buffer.from(bytes))
  }

  it('passes a whole one, and anything that is plain', async () => {
    await verify(PACKED)
    await verify(Buffer.concat([PACKED, PACKED]))
    for (const plain of ['', 'x', TEXT]) await verify(Buffer.from(plain))
  })

  it('refuses one that unpacks to more than the limits allow', async () => {
    const limits = { unpackedBytes: 99_999, unpackRatio: 1_100 }
    await assert.rejects(verify(gzipSync(Buffer.alloc(100_000)), limits), {
      limit: 'unpackedBytes',
      hint: /SIMTALLY_LIMIT_UNPACKED_BYTES/,
    })
  })

  it('refuses one that is cut or damaged', async () => {
    await assert.rejects(verify(PACKED.subarray(0, -1)), CUT)
    await assert.rejects(verify(PACKED.subarray(0, 2)), CUT)
    const damaged = Buffer.from(PACKED)
    damaged[damaged.length - 6]! ^= 1
    await assert.rejects(verify(damaged), DAMAGED)
    await assert.rejects(verify(Buffer.concat([PACKED, Buffer.from('more')])), DAMAGED)
  })
})
