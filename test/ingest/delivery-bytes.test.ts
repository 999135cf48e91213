/** What deliveries are, told by their first bytes: what is unpacked, and what is refused by name. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { plainBytes } from '../../src/ingest/delivery-bytes.ts'
import { inChunks } from '../support/record-files.ts'

const FOLDER = new URL('../fixtures/zip/', import.meta.url)
const zip = (name: string) => readFileSync(new URL(name, FOLDER))
const TEXT =
  'record_id,sim,occurred_at,plmn,upload\na,8901260000000000014,2026-03-01T00:00:00Z,334-020,1\n'

async function unpack(bytes: Uint8Array, chunkBytes = bytes.length + 1): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of plainBytes(inChunks(bytes, [chunkBytes]))) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A copy with one byte changed by `change`. */
function altered(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = change(copy[at]!)
  return copy
}

describe('a ZIP', () => {
  for (const name of ['deflated.zip', 'stored.zip', 'streamed.zip', 'folders.zip']) {
    it(`of one file is read as that file: ${name}`, async () => {
      for (const chunkBytes of [1, 2, 7, 50, 10_000]) {
        assert.equal(await unpack(zip(name), chunkBytes), TEXT)
      }
    })

    it(`that is cut anywhere is refused: ${name}`, async () => {
      const whole = zip(name)
      for (let length = 4; length < whole.length - 22; length += 3) {
        const cut = whole.subarray(0, length)
        await assert.rejects(unpack(cut), { code: 'unreadable', message: /^the ZIP data is / })
      }
    })
  }

  it('with another checksum than its data has is damaged', async () => {
    for (const [name, at] of [
      ['deflated.zip', 14],
      ['stored.zip', 60],
    ] as const) {
      await assert.rejects(unpack(altered(zip(name), at, (byte) => byte ^ 1)), {
        code: 'unreadable',
        message: 'the ZIP data is damaged (its checksum is another one)',
      })
    }
  })

  it('of several files is refused, naming two of them and what to do', async () => {
    await assert.rejects(unpack(zip('two.zip')), {
      code: 'unreadable',
      message: 'the ZIP has more than one file ("usage.csv", "more.csv")',
      hint: 'unpack it and import its files one by one',
    })
  })

  it('without a file is refused', async () => {
    await assert.rejects(unpack(zip('none.zip')), { message: 'the ZIP has no file in it' })
  })

  it('that is encrypted, or packed in another way, says so', async () => {
    const encrypted = altered(zip('deflated.zip'), 6, (flags) => flags | 1)
    await assert.rejects(unpack(encrypted), { message: 'the ZIP is encrypted ("usage.csv")' })
    const lzma = altered(zip('deflated.zip'), 8, () => 14)
    await assert.rejects(unpack(lzma), { message: /packed in a way that is not read \(14\)/ })
  })

  it('that unpacks to more than is allowed is refused before it has', async () => {
    const limits = { unpackedBytes: TEXT.length - 1, unpackRatio: 200 }
    const read = async () => {
      for await (const _ of plainBytes(inChunks(zip('deflated.zip'), [64]), limits));
    }
    await assert.rejects(read(), { code: 'unreadable', limit: 'unpackedBytes' })
  })
})

describe('a delivery that is no text', () => {
  const kinds: readonly (readonly [Buffer, RegExp])[] = [
    [zip('workbook.xlsx'), /^the delivery is an Excel workbook, not usage records$/],
    [zip('sheet.ods'), /^the delivery is an OpenDocument file, /],
    [Buffer.from('%PDF-1.7\n%\u00e2\u00e3'), /^the delivery is a PDF document, /],
    [Buffer.from('d0cf11e0a1b11ae1', 'hex'), /an old or encrypted Excel workbook/],
    [Buffer.from('BZh91AY&SY'), /bzip2 data/],
    [Buffer.from('fd377a585a00', 'hex'), /xz data/],
    [Buffer.from('28b52ffd04', 'hex'), /zstd data/],
    [Buffer.from('377abcaf271c', 'hex'), /a 7z archive/],
    [Buffer.from('-----BEGIN PGP MESSAGE-----\n'), /encrypted or signed by PGP/],
    [Buffer.from('Salted__abcdefgh'), /encrypted by OpenSSL/],
    [Buffer.from('PAR1\u0015\u0004'), /a Parquet file/],
    [Buffer.from('\ufeff\r\n%PDF-1.4\n'), /^the delivery is a PDF document, /],
    [Buffer.from('85010c0397', 'hex'), /encrypted by PGP/],
    [Buffer.from('8c0d04090302', 'hex'), /encrypted by PGP/],
    [Buffer.from('age-encryption.org/v1\n-> X25519 abc\n'), /encrypted by age/],
    [Buffer.from('3082052106092a864886f70d010703a0', 'hex'), /encrypted or signed by S\/MIME/],
    [Buffer.from('MIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n'), /a mail message/],
    [Buffer.from('ffd8ffe000104a464946', 'hex'), /a picture/],
    [Buffer.from('{\\rtf1\\ansi usage}'), /a word processor document/],
    [Buffer.from('Obj\u0001\u0004'), /an Avro file/],
    [Buffer.from('fffe000072000000', 'hex'), /text in UTF-32/],
  ]
  for (const [bytes, message] of kinds) {
    it(`is named, packed or not, with what to do: ${message.source}`, async () => {
      for (const delivered of [bytes, gzipSync(bytes)]) {
        const isTwice = delivered !== bytes && bytes.subarray(0, 2).toString() === 'PK'
        await assert.rejects(unpack(delivered, 5), (error: Error & { hint?: string }) => {
          assert.match(error.message, isTwice ? /packed twice/ : message)
          assert.ok(error.hint)
          return true
        })
      }
    })
  }

  it('is not seen in records that begin a little like it', async () => {
    for (const text of [
      'PK',
      'PKG,sim\n',
      'BZ',
      '%PD',
      'a',
      '',
      ' \n',
      'From: 1 March\nsim\n',
      '{"rtf":1}',
      'age,sim\n',
    ]) {
      assert.equal(await unpack(Buffer.from(text), 1), text)
    }
  })
})
