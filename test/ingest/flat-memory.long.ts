/**
 * Imports need the same memory for a short delivery and for a long one, whatever is in it. Each
 * runs in a process of its own, whose heap is too small for a delivery that is kept.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { MemoryReport } from './generated-import.ts'

const GENERATED_IMPORT = fileURLToPath(new URL('generated-import.ts', import.meta.url))
const HEAP_MIB_MAX = 128
const GROWTH_MAX = 1.3
/** Buffers of long records come and go, so more moments have a higher peak; kept records would be three times as much. */
const LONG_RECORDS_GROWTH_MAX = 1.6

async function importGenerated(kind: string, records: number): Promise<MemoryReport> {
  const folder = await mkdtemp(join(tmpdir(), 'simtally-memory-'))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--expose-gc', `--max-old-space-size=${HEAP_MIB_MAX}`],
      ...[GENERATED_IMPORT, folder, kind, String(records)],
    ])
    return JSON.parse(stdout)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The shorter delivery already fills several batches of the largest size that an import uses. */
const DELIVERIES: readonly [string, { short: number; long: number }][] = [
  ['usual', { short: 1_200_000, long: 2_400_000 }],
  ['gzip', { short: 1_200_000, long: 2_400_000 }],
  ['any network', { short: 1_200_000, long: 2_400_000 }],
  ['too long', { short: 20_000, long: 60_000 }],
  ['never closed', { short: 20_000, long: 60_000 }],
]

describe('an import takes no more memory for a longer delivery', () => {
  for (const [kind, { short, long }] of DELIVERIES) {
    it(`of records of the kind: ${kind}`, async (t) => {
      const few = await importGenerated(kind, short)
      const many = await importGenerated(kind, long)
      assert.equal(few.accepted + few.quarantined, short)
      assert.equal(many.accepted + many.quarantined, long)
      const growth = many.peakBytes / few.peakBytes
      t.diagnostic(`${few.peakBytes} bytes for ${short} records, ${many.peakBytes} for ${long}`)
      const growthMax = kind === 'too long' ? LONG_RECORDS_GROWTH_MAX : GROWTH_MAX
      assert.ok(growth < growthMax, `${growth.toFixed(2)} times the memory for the longer one`)
    })
  }
})
