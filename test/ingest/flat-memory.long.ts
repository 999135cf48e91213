/** Memory stays flat for a delivery of any size: a heap that holds some batches is enough for all. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Below what the larger delivery would need if its records were kept, in MiB. */
const HEAP_MIB = 256
const GROWTH_MAX = 1.3

const importer = fileURLToPath(new URL('./importing-process.ts', import.meta.url))

async function importInOwnProcess(records: number) {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-memory-'))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      `--max-old-space-size=${HEAP_MIB}`,
      importer,
      `sqlite:${join(dir, 'simtally.db')}`,
      String(records),
    ])
    return JSON.parse(stdout) as { accepted: number; largestMib: number }
  } finally {
    await rm(dir, { recursive: true })
  }
}

describe('the memory of an import', () => {
  it('is no larger for three million records than for one million', async () => {
    const small = await importInOwnProcess(1_000_000)
    const large = await importInOwnProcess(3_000_000)
    assert.deepEqual([small.accepted, large.accepted], [1_000_000, 3_000_000])
    const told = `${large.largestMib} MiB against ${small.largestMib} MiB`
    assert.ok(large.largestMib < small.largestMib * GROWTH_MAX, told)
  })
})
