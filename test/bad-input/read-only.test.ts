/** Imports into a database that this user may not write to. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inWords } from '../cli/cli-fixture.ts'
import { share } from '../support/volume.ts'
import { CliWorld, FEED, HEADER, records, SIMTALLY } from './cli-world.ts'
import { runNode, type Way, wayThatHoldsBack } from './held-back.ts'

const HINT = /^ {2}(give this user write permission|check that the path is a file in a folder)/m

let world: CliWorld
let way: Way
let file: string
before(async () => {
  world = await CliWorld.open()
  file = await world.cli.file('usage.csv', HEADER + records(10).join(''))
  chmodSync(world.cli.directory, 0o555)
  way = await wayThatHoldsBack(world.cli.directory)
  chmodSync(world.cli.directory, 0o755)
})
after(() => world.close())

async function importInto(database: string): Promise<string> {
  const { code, stdout, stderr } = await runNode(way, world.cli.directory, [
    ...[SIMTALLY, 'import', file, '--feed', FEED, '--json', '--database', `sqlite:${database}`],
  ])
  assert.deepEqual([code, stdout], [1, ''], stderr)
  assert.doesNotMatch(stderr, /^ +at /m)
  return inWords(stderr)
}

describe('an import', { concurrency: 4 }, () => {
  const places: readonly [string, { folder: number; database: number }][] = [
    ['nothing may be written', { folder: 0o555, database: 0o444 }],
    ['the database may not be written', { folder: 0o777, database: 0o444 }],
    ['its folder may not be written', { folder: 0o555, database: 0o666 }],
  ]
  for (const [name, modes] of places.slice(0, share(1, places.length))) {
    it(`ends with what to do where ${name}, and counts everything once it may`, async () => {
      const folder = world.cli.path(name)
      const database = join(folder, 'simtally.db')
      await mkdir(folder)
      await copyFile(world.cli.path('simtally.db'), database)
      chmodSync(database, modes.database)
      chmodSync(folder, modes.folder)
      const stderr = await importInto(database)
      assert.match(stderr, /^simtally: .*simtally\.db (is read-only|cannot be opened)/m)
      assert.match(stderr, HINT)

      chmodSync(folder, 0o755)
      // SQLite gives the files it puts beside the database the same permissions.
      for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
      assert.equal(await world.countedRecords(`sqlite:${database}`), 0)
      const { done } = await world.import([file, '--database', `sqlite:${database}`])
      assert.equal(done[0]!.accepted, 10)
      assert.equal(await world.countedRecords(`sqlite:${database}`), 10)
    })
  }
})

it('a store is not made where its folder may not be written', async () => {
  const folder = world.cli.path('empty')
  await mkdir(folder, { mode: 0o555 })
  const { code, stderr } = await runNode(way, world.cli.directory, [
    ...[SIMTALLY, 'init', '--database', `sqlite:${join(folder, 'new.db')}`],
  ])
  assert.equal(code, 1)
  assert.match(stderr, /^simtally: the folder of .*new\.db cannot be written\n {2}give this user/)
})
