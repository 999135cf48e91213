/** Which files of a drop folder are complete, and how they are moved; the clock is the test's. */
import assert from 'node:assert/strict'
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { UsageError } from '../../../src/domain/usage-error.ts'
import { DropFolder } from '../../../src/ingest/drop-folder/drop-folder.ts'

const SETTLE_MS = 10_000

let path: string
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'simtally-drop-'))
})
afterEach(() => rm(path, { recursive: true, force: true }))

const open = (settleMs = SETTLE_MS) => DropFolder.open(path, settleMs)
const put = (name: string, content = name) => writeFile(join(path, name), content)
const content = (name: string) => readFile(join(path, name), 'utf8')
const listed = async (folder = '') => (await readdir(join(path, folder))).sort()

/** The names that are complete, and those that are not. */
async function look(folder: DropFolder, nowMs: number): Promise<[string[], string[]]> {
  const { complete, waiting } = await folder.scan(nowMs)
  return [complete.map(({ name }) => name), [...waiting]]
}

describe('a file in a drop folder', () => {
  it('is complete when it has not changed for the settle time, by the clock that is given', async () => {
    const folder = await open()
    await put('a.csv')
    // A file whose time is long ago may still be written to: the clock may be another machine's.
    await utimes(join(path, 'a.csv'), 0, 0)
    assert.deepEqual(await look(folder, 5_000), [[], ['a.csv']])
    assert.deepEqual(await look(folder, 14_999), [[], ['a.csv']])
    assert.deepEqual(await look(folder, 15_000), [['a.csv'], []])
    assert.deepEqual(await look(folder, 99_000), [['a.csv'], []])
  })

  it('has to settle anew when it grows, when it is touched and when it is replaced', async () => {
    const folder = await open()
    const changes = [
      () => put('a.csv', 'longer than it was'),
      () => utimes(join(path, 'a.csv'), 1_000, 1_000),
      async () => {
        await put('b.part', 'another one of it.')
        await utimes(join(path, 'b.part'), 1_000, 1_000)
        await rename(join(path, 'b.part'), join(path, 'a.csv'))
      },
    ]
    await put('a.csv')
    let nowMs = 0
    for (const change of changes) {
      await look(folder, nowMs)
      await change()
      assert.deepEqual(await look(folder, nowMs + SETTLE_MS), [[], ['a.csv']])
      nowMs += SETTLE_MS * 2
      assert.deepEqual(await look(folder, nowMs), [['a.csv'], []])
    }
  })

  it('is complete at once when it was seen under a temporary name, and renamed', async () => {
    const folder = await open()
    await put('a.csv.part')
    assert.deepEqual(await look(folder, 0), [[], []])
    await rename(join(path, 'a.csv.part'), join(path, 'a.csv'))
    assert.deepEqual(await look(folder, 1), [['a.csv'], []])
    assert.deepEqual(await look(folder, 2), [['a.csv'], []])
  })

  it('is left alone as long as its name says that it is temporary', async () => {
    const folder = await open(0)
    for (const name of ['.a.csv', 'a.csv.part', 'a.csv.TMP', 'a.filepart', 'a.csv~'])
      await put(name)
    await put('part.csv')
    assert.deepEqual(await look(folder, 0), [['part.csv'], []])
  })

  it('is a file, and no folder or link', async () => {
    const folder = await open(0)
    await mkdir(join(path, 'folder.csv'))
    await put('a.csv')
    await symlink('a.csv', join(path, 'link.csv'))
    assert.deepEqual(await look(folder, 0), [['a.csv'], []])
  })

  it('comes after those that are older, and by its name among those of one time', async () => {
    const folder = await open(0)
    for (const [name, at] of [
      ['c', 1],
      ['b', 3],
      ['a', 3],
      ['d', 2],
    ] as const) {
      await put(name)
      await utimes(join(path, name), at, at)
    }
    assert.deepEqual(await look(folder, 0), [['c', 'd', 'a', 'b'], []])
  })
})

describe('a file that was dealt with', () => {
  it('is moved, and leaves those of the same name as they are', async () => {
    const folder = await open(0)
    const names: (string | null)[] = []
    for (const version of ['1', '2', '3']) {
      await put('a.csv', version)
      const { complete } = await folder.scan(0)
      names.push(await folder.moveTo('done', complete[0]!))
    }
    assert.deepEqual(names, ['a.csv', 'a.csv.2', 'a.csv.3'])
    for (const [i, name] of names.entries()) assert.equal(await content(`done/${name}`), `${i + 1}`)
    assert.deepEqual(await listed(), ['.simtally', 'done', 'failed'])
    assert.deepEqual(await listed('.simtally'), [])
  })

  it('stays when it has changed, was replaced or is gone', async () => {
    const folder = await open(0)
    await put('grown')
    await put('replaced')
    await put('gone')
    const { complete } = await folder.scan(0)
    await put('grown', 'and grown')
    await put('new.part', 'replaced')
    await rename(join(path, 'new.part'), join(path, 'replaced'))
    await rm(join(path, 'gone'))
    for (const file of complete) assert.equal(await folder.moveTo('failed', file), null)
    assert.deepEqual(await listed('failed'), [])
    assert.deepEqual(await listed(), ['.simtally', 'done', 'failed', 'grown', 'replaced'])
  })
})

describe('a drop folder', () => {
  it('gets back what was on its way when a process was killed, and loses nothing by it', async () => {
    await open()
    await put('.simtally/a.csv', 'on its way')
    await put('.simtally/b.csv', 'on its way too')
    await put('a.csv', 'dropped since')
    await open()
    assert.deepEqual(await listed('.simtally'), [])
    assert.equal(await content('a.csv'), 'dropped since')
    assert.equal(await content('a.csv.2'), 'on its way')
    assert.equal(await content('b.csv'), 'on its way too')
  })

  it('ends a move that was cut short between the new name and the old one', async () => {
    await open()
    await put('.simtally/a.csv', 'dealt with')
    await put('done/a.csv', 'an earlier one')
    await link(join(path, '.simtally/a.csv'), join(path, 'done/a.csv.2'))
    await put('.simtally/b.csv', 'given back')
    await link(join(path, '.simtally/b.csv'), join(path, 'b.csv'))
    await open()
    assert.deepEqual(await listed(), ['.simtally', 'b.csv', 'done', 'failed'])
    assert.deepEqual(await listed('.simtally'), [])
    assert.deepEqual(await listed('done'), ['a.csv', 'a.csv.2'])
  })

  it('takes a file to the outbox once, where it has a name there already', async () => {
    const folder = await open(0)
    await put('a.csv')
    await link(join(path, 'a.csv'), join(path, 'done/a.csv'))
    const { complete } = await folder.scan(0)
    assert.equal(await folder.moveTo('done', complete[0]!), 'a.csv')
    assert.deepEqual(await listed(), ['.simtally', 'done', 'failed'])
    assert.deepEqual(await listed('done'), ['a.csv'])
  })

  it('has to be there, and to be a folder', async () => {
    await put('a.csv')
    const failures = [
      [join(path, 'nowhere'), /^there is no folder .*nowhere$/],
      [join(path, 'a.csv'), /^the folder .*a\.csv cannot be used \(ENOTDIR\)$/],
    ] as const
    for (const [place, message] of failures) {
      await assert.rejects(DropFolder.open(place, 0), (error) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.message, message)
        return true
      })
    }
  })

  it('may vanish', async () => {
    const folder = await open()
    await rm(path, { recursive: true })
    await assert.rejects(folder.scan(0), UsageError)
  })
})
