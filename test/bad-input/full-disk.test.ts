/**
 * Imports into a database that cannot grow any more. A limit on the size of files is there on every
 * system; where a small file system can be mounted, the disk is really full.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { inWords } from '../cli/cli-fixture.ts'
import { share } from '../support/volume.ts'
import { CliWorld, type Ended, FEED, HEADER, records, run, SIMTALLY } from './cli-world.ts'

const RECORDS = 20_000
const BATCH_RECORDS = 1_000

/** Enough for some of the batches, not for all. */
const DATABASE_KIB_MAX = 800

interface Shortage {
  readonly name: string
  readonly message: RegExp
  /** Runs an import in a process that meets the shortage; leaves what it wrote in the database. */
  importWithin(world: CliWorld, importArgs: readonly string[]): Promise<Ended>
}

const fileSizeLimit: Shortage = {
  name: 'files may not grow beyond a limit',
  message: /simtally\.db cannot be written: disk I\/O error$/m,
  importWithin: (world, importArgs) =>
    // The limit counts blocks of 512 bytes.
    run('sh', [
      ...['-c', 'ulimit -f "$0" && exec "$@"', String(2 * DATABASE_KIB_MAX)],
      ...[process.execPath, SIMTALLY, ...importArgs, '--database', world.cli.databaseUrl],
    ]),
}

/** Mounted where only the process sees it, so it goes away with the process. */
const MOUNT = 'mount -t tmpfs -o "size=$1k" tmpfs "$2"'
const UNSHARED = ['--map-root-user', '--mount', 'sh', '-c']

const smallFileSystem: Shortage = {
  name: 'the disk is full',
  message: /no space left to write to .*simtally\.db$/m,
  async importWithin(world, importArgs) {
    const small = world.cli.path('small')
    const database = world.cli.path('simtally.db')
    await mkdir(small)
    const script = `${MOUNT} && cp "$3" "$2" && shift 3 && cd "$0" || exit 99
      "$@"; ended=$?; cp small/simtally.db* . && exit $ended`
    return run('unshare', [
      ...[...UNSHARED, script, world.cli.directory],
      ...[String(DATABASE_KIB_MAX), small, database],
      ...[process.execPath, SIMTALLY, ...importArgs, '--database', 'sqlite:small/simtally.db'],
    ])
  },
}

function mayMount(): boolean {
  return spawnSync('unshare', [...UNSHARED, MOUNT, 'sh', '64', '/tmp']).status === 0
}

const shortages = mayMount() ? [fileSizeLimit, smallFileSystem] : [fileSizeLimit]

describe('an import', { concurrency: 2 }, () => {
  for (const shortage of shortages.slice(0, share(1, shortages.length))) {
    it(`ends with what to do when ${shortage.name}, and is completed with more room`, async (t) => {
      const world = await CliWorld.open()
      t.after(() => world.close())
      const file = await world.cli.file('usage.csv', HEADER + records(RECORDS).join(''))
      const {
        code,
        stdout,
        stderr: told,
      } = await shortage.importWithin(world, [
        ...['import', file, '--feed', FEED, '--batch-size', String(BATCH_RECORDS), '--json'],
      ])
      const stderr = inWords(told)
      assert.equal(code, 1, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, shortage.message)
      assert.match(stderr, /space.* repeat/)
      assert.doesNotMatch(stderr, /^ +at /m)

      const committed = [...stderr.matchAll(/: (\d+) records? committed$/gm)].map(([, n]) =>
        Number(n),
      )
      const acknowledged = committed.at(-1) ?? 0
      assert.ok(acknowledged > 0 && acknowledged < RECORDS, `${acknowledged} were committed`)
      assert.equal(await world.countedRecords(), acknowledged)

      const { exitCode, done } = await world.import([file])
      assert.equal(exitCode, 0)
      assert.equal(done[0]!.accepted, RECORDS - acknowledged)
      assert.equal(done[0]!.duplicate, acknowledged)
      assert.equal(await world.countedRecords(), RECORDS)
    })
  }
})
