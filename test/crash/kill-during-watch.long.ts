/** A drop folder whose watcher is killed again and again, while others write into it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { floorTo, HOUR_SECONDS } from '../../src/domain/time.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { CliFixture } from '../cli/cli-fixture.ts'
import { ANY_NAME, iccidOf, sidOf } from '../support/builders.ts'
import { seededRandom } from '../support/killed-process.ts'
import { isCopy, nameOf, RECORDS_PER_FILE, SIMS, secondOf, simOf } from './dropped-files.ts'

const FILES = 1_000
const WRITERS = 4
const KILLS = 20
/** Far above the pauses of the writers. */
const SETTLE_SECONDS = 3
/** Several batches a file, so that kills fall between them. */
const BATCH_RECORDS = 7

/** Kills that leave an import running: fewer would test little. */
const CUT_SHORT_MIN = 5

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const DROPPING = fileURLToPath(new URL('dropping-process.ts', import.meta.url))

interface Watcher {
  readonly child: ChildProcess
  /** Resolves when so many files were moved; rejects when the watcher ends before. */
  moved(count: number): Promise<void>
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>
}

function startWatcher(cli: CliFixture, folder: string): Watcher {
  const args = ['--watch', folder, '--feed', 'carrier', '--settle', String(SETTLE_SECONDS)]
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, 'import', ...args, '--batch-size', String(BATCH_RECORDS), '--json'],
      ...['--database', cli.databaseUrl],
    ],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: cli.path('compile-cache') },
    },
  )
  let movedCount = 0
  const told: string[] = []
  const lines = createInterface({ input: child.stderr! })
  lines.on('line', (line) => {
    told.push(line)
    if (/: moved to done\//.test(line)) movedCount++
  })
  const over = new AbortController()
  const ended = once(child, 'close').then(([code, signal]) => {
    over.abort()
    return [code, signal] as [number | null, NodeJS.Signals | null]
  })
  return {
    child,
    ended,
    moved: async (count) => {
      while (movedCount < count && !over.signal.aborted) {
        await once(lines, 'line', { signal: over.signal }).catch(() => {})
      }
      assert.ok(movedCount >= count, `the watcher ended:\n${told.slice(-5).join('\n')}`)
    },
  }
}

function startWriter(folder: string, writer: number): Promise<void> {
  const count = FILES / WRITERS
  const args = [DROPPING, folder, String(writer * count), String(count)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  return once(child, 'close').then(([code]) => assert.equal(code, 0))
}

async function prepare(cli: CliFixture): Promise<string> {
  const account = await cli.account()
  const sims = Array.from({ length: SIMS }, (_, i) => `${sidOf('DE', i + 1)},${iccidOf(i)}\n`)
  await cli.json(['sim', 'import', '-', '--account', account], {
    stdin: `sid,iccid\n${sims.join('')}`,
  })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  const folder = cli.path('drop')
  await mkdir(folder)
  return folder
}

/** Those that nobody has moved yet, and one that a killed watcher was about to move. */
async function filesLeft(folder: string): Promise<number> {
  const left = new Set(await readdir(folder))
  const moving = join(folder, '.simtally')
  for (const name of await readdir(moving)) {
    // One with two names has arrived, or was given back: then the folder names it as well.
    if ((await lstat(join(moving, name))).nlink === 1) left.add(name)
  }
  return [...left].filter((name) => name.startsWith('usage-')).length
}

/** Bytes by SIM and hour, as the files have them. */
function expectedUsage(): string[] {
  const sums = new Map<string, number>()
  for (let file = 0; file < FILES; file++) {
    if (isCopy(file)) continue
    for (let i = 0; i < RECORDS_PER_FILE; i++) {
      const key = `${simOf(i)} ${floorTo(secondOf(file, i), HOUR_SECONDS)}`
      sums.set(key, (sums.get(key) ?? 0) + 1)
    }
  }
  return [...sums].map(([key, sum]) => `${key} ${sum}`).sort()
}

async function storedUsage(cli: CliFixture): Promise<string[]> {
  const store = await openStore(cli.databaseUrl)
  try {
    assert.deepEqual((await store.audit()).differences, [])
    const found: string[] = []
    for (let sim = 0; sim < SIMS; sim++) {
      const match = (await store.resolveSims([iccidOf(sim)], ANY_NAME)).get(iccidOf(sim))!
      const groups = await store.queryUsage({
        scope: { simId: match.simId },
        start: floorTo(secondOf(0, 0), HOUR_SECONDS),
        end: floorTo(secondOf(FILES, 0), HOUR_SECONDS) + HOUR_SECONDS,
        granularity: 'hourly',
      })
      for (const { bucketStart, upload } of groups) found.push(`${sim} ${bucketStart} ${upload}`)
    }
    return found.sort()
  } finally {
    await store.close()
  }
}

describe('a watcher of a drop folder that is killed', () => {
  it(`counts every record of ${FILES} files once, killed ${KILLS} times, and loses no file`, async (t) => {
    const cli = await CliFixture.open()
    const children: ChildProcess[] = []
    try {
      const folder = await prepare(cli)
      const next = seededRandom(20_261_123)
      const writers = Array.from({ length: WRITERS }, (_, i) => startWriter(folder, i))
      for (let kill = 0; kill < KILLS; kill++) {
        const watcher = startWatcher(cli, folder)
        children.push(watcher.child)
        await watcher.moved(Math.floor(next() * 40))
        await setTimeout(next() * 30)
        watcher.child.kill('SIGKILL')
        assert.deepEqual(await watcher.ended, [null, 'SIGKILL'])
      }
      await Promise.all(writers)
      const left = await filesLeft(folder)
      const last = startWatcher(cli, folder)
      children.push(last.child)
      await last.moved(left)
      last.child.kill('SIGTERM')
      assert.deepEqual(await last.ended, [0, null])

      const names = Array.from({ length: FILES }, (_, file) => nameOf(file))
      assert.deepEqual((await readdir(join(folder, 'done'))).sort(), names.sort())
      assert.deepEqual((await readdir(folder)).sort(), ['.simtally', 'done', 'failed'])
      for (const place of ['.simtally', 'failed']) {
        assert.deepEqual(await readdir(join(folder, place)), [])
      }
      assert.deepEqual(await storedUsage(cli), expectedUsage())
      await assertCutShort(cli, t)
    } finally {
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
      await cli.close()
    }
  })
})

async function assertCutShort(
  cli: CliFixture,
  t: { diagnostic(message: string): void },
): Promise<void> {
  const store = await openStore(cli.databaseUrl)
  try {
    const imports = await store.listImports({}, { limit: FILES * 2 })
    const running = imports.filter(({ status }) => status === 'running').length
    t.diagnostic(`${imports.length} imports, ${running} of them cut short`)
    assert.ok(running >= CUT_SHORT_MIN, `only ${running} imports were cut short`)
    assert.ok(!imports.some(({ status }) => status === 'failed'))
  } finally {
    await store.close()
  }
}
