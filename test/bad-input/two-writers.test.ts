/** Two processes that import into one database at the same time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CliWorld, FEED, HEADER, type ImportJson, Process, records, SIMTALLY } from './cli-world.ts'

const RECORDS = 6_000
const OVERLAP = 4_000
const BATCH_RECORDS = 100

describe('two imports at the same time', () => {
  it('both succeed, and count what both bring once', async (t) => {
    const world = await CliWorld.open()
    t.after(() => world.close())
    const files = [records(RECORDS), records(RECORDS, RECORDS - OVERLAP).reverse()]
    const imports = files.map((lines) => {
      const importing = new Process(process.execPath, [
        ...[SIMTALLY, 'import', '-', '--feed', FEED, '--batch-size', String(BATCH_RECORDS)],
        ...['--json', '--database', world.cli.databaseUrl],
      ])
      importing.send(HEADER + lines.slice(0, BATCH_RECORDS).join(''))
      return importing
    })
    // Both are in the middle of it before either gets the rest.
    await Promise.all(imports.map((importing) => importing.said(`${BATCH_RECORDS} records`)))
    for (const [i, importing] of imports.entries()) {
      importing.send(files[i]!.slice(BATCH_RECORDS).join(''))
    }
    const ended = await Promise.all(imports.map((importing) => importing.ended()))
    const done = ended.map(({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr)
      return JSON.parse(stdout) as ImportJson
    })

    for (const { records: count, accepted, duplicate } of done) {
      assert.deepEqual([count, accepted + duplicate], [RECORDS, RECORDS])
      assert.ok(accepted >= RECORDS - OVERLAP)
    }
    const distinct = 2 * RECORDS - OVERLAP
    assert.equal(done[0]!.accepted + done[1]!.accepted, distinct)
    assert.equal(await world.countedRecords(), distinct)
  })
})
