/** Databases that are none, or that belong to another program. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { CliWorld, HEADER, records } from './cli-world.ts'

let world: CliWorld
let file: string
before(async () => {
  world = await CliWorld.open()
  file = await world.cli.file('usage.csv', HEADER + records(3).join(''))
})
after(() => world.close())

/** What an import into it says; nothing may be there afterwards that was not there before. */
async function refusal(path: string): Promise<string> {
  const filesBefore = (await readdir(world.cli.directory)).sort()
  const { exitCode, stderr, done } = await world.import([file, '--database', `sqlite:${path}`])
  assert.deepEqual([exitCode, done], [1, []])
  assert.doesNotMatch(stderr, /^ +at /m)
  assert.deepEqual((await readdir(world.cli.directory)).sort(), filesBefore)
  return stderr.replaceAll(world.cli.directory, '…')
}

describe('an import is refused, with the remedy,', () => {
  it('by a database that is a text file, which stays as it is', async () => {
    const content = 'iccid,imsi\n'.repeat(1_000)
    const path = await world.cli.file('sims.csv', content)
    assert.equal(
      await refusal(path),
      'simtally: …/sims.csv is not a SQLite database, or is damaged; ' +
        'name another with --database, or restore a backup\n',
    )
    assert.equal(await readFile(path, 'utf8'), content)
  })

  it('by the delivery itself, taken for the database', async () => {
    assert.match(await refusal(file), /^simtally: …\/usage\.csv is not a SQLite database/)
    const { done } = await world.import([file])
    assert.equal(done[0]!.accepted, 3)
  })

  it('by a directory', async () => {
    await mkdir(world.cli.path('folder'))
    assert.equal(
      await refusal(world.cli.path('folder')),
      'simtally: …/folder is a folder, not a database; name another file with --database\n',
    )
  })

  it('by a path through a file', async () => {
    assert.match(
      await refusal(`${file}/simtally.db`),
      /^simtally: there is no store at …\/usage\.csv\/simtally\.db; simtally init makes one, .*\n$/,
    )
  })

  it('by the database of another program, which stays as it is', async () => {
    const path = world.cli.path('other.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE account (name TEXT)')
    other.close()
    const content = await readFile(path)
    assert.equal(
      await refusal(path),
      'simtally: …/other.db is a database of another program; name another file with --database\n',
    )
    assert.deepEqual(await readFile(path), content)
  })

  it('by a database that is damaged', async () => {
    const content = await readFile(world.cli.path('simtally.db'))
    content.fill(0x55, 100)
    const path = await world.cli.file('damaged.db', content)
    assert.match(await refusal(path), /^simtally: …\/damaged\.db is not a SQLite database, or is /)
  })
})
