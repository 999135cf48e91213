/** Files with damaged pages: either the audit names them, or opening refuses them. */
import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openStore } from '../../../src/storage/open-store.ts'
import { makeRichStore } from '../../support/rich-store.ts'
import { openTempStore } from '../../support/temp-store.ts'

const FILES = 60

/** Numbers from 0 to 1, the same in every run. */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

/** The first byte of table and index pages; the number of rows follows at byte 3. */
const PAGES_OF_TREES = new Set([2, 5, 10, 13])

/** What disks and their drivers do to a page. */
const DAMAGES = {
  'all zeros': (page: Buffer) => void page.fill(0),
  'another page': (page: Buffer, other: Buffer) => void other.copy(page),
  'noise in its second half': (page: Buffer, _: Buffer, random: () => number) => {
    // A tree page without rows has no content.
    const isEmpty = PAGES_OF_TREES.has(page[0]!) && page.readUInt16BE(3) === 0
    for (let i = page.length / 2; i < page.length; i++) {
      const noise = Math.floor(random() * 256)
      if (!isEmpty) page[i] = noise
    }
  },
  'one bit of a row': (page: Buffer, _: Buffer, random: () => number) => {
    // Rows lie at the end of a page, from the offset in its header; before them, there is nothing.
    const first = page.readUInt16BE(5) || page.length
    if (first === page.length) return
    const at = first + Math.floor(random() * (page.length - first))
    page[at] = page[at]! ^ (1 << Math.floor(random() * 8))
  },
} as const

describe('files with a damaged page', () => {
  it('are named by the audit, or refused', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    await makeRichStore(temp.store)
    await temp.store.close()
    const whole = join(temp.dir, 'whole.db')
    // Removes free pages, in which no damage can be noticed.
    const database = new DatabaseSync(temp.url.slice('sqlite:'.length))
    database.exec(`VACUUM INTO '${whole}'`)
    const pageSize = Number(Object.values(database.prepare('PRAGMA page_size').get()!)[0])
    database.close()
    const bytes = readFileSync(whole)
    const source = randoms(20_260_315)
    const random = () => source.next().value
    const unnoticed: string[] = []
    for (let n = 0; n < FILES; n++) {
      const [name, damage] = Object.entries(DAMAGES)[n % Object.keys(DAMAGES).length]!
      const pages = bytes.length / pageSize
      // The first page begins with the file's header, of which SQLite only reads what it needs.
      const number = 1 + Math.floor(random() * (pages - 1))
      const copy = Buffer.from(bytes)
      const at = (page: number) => copy.subarray(page * pageSize, (page + 1) * pageSize)
      damage(at(number), at((number + 1) % pages), random)
      if (copy.equals(bytes)) continue
      const path = join(temp.dir, `damaged-${n}.db`)
      copyFileSync(whole, path)
      writeFileSync(path, copy)
      if (!(await isNoticed(`sqlite:${path}`))) unnoticed.push(`page ${number + 1}: ${name}`)
    }
    assert.deepEqual(unnoticed, [])
  })
})

async function isNoticed(url: string): Promise<boolean> {
  try {
    const store = await openStore(url)
    try {
      return (await store.audit()).differenceCount > 0
    } finally {
      await store.close()
    }
  } catch {
    return true
  }
}
