/** Stores of released versions are opened by this one, and answer as they did. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { migrateStore, openStore } from '../../../src/storage/open-store.ts'
import { NOW } from '../../support/builders.ts'
import {
  answersOf,
  assertAnswersStill,
  assertKnownNumbers,
  assertPartsByPlace,
  keptAnswers,
  keptFile,
  keptVersions,
  TO_TAP3,
} from '../../support/kept-store.ts'

/** Tables with their columns, indexes and triggers, by name. */
function schemaOf(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return database
      .prepare(
        `SELECT s.type, s.name, group_concat(c.name || ' ' || c.type || ' ' || c."notnull") AS columns
         FROM sqlite_schema s LEFT JOIN pragma_table_info(s.name) c ON s.type = 'table'
         GROUP BY s.type, s.name ORDER BY s.type, s.name`,
      )
      .all()
  } finally {
    database.close()
  }
}

describe('a store on a file of', () => {
  for (const version of keptVersions()) {
    it(`${version} opens, answers as it did, undoes a delivery and counts it again`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'simtally-kept-'))
      t.after(() => rm(folder, { recursive: true, force: true }))
      const path = join(folder, 'simtally.db')
      await writeFile(path, keptFile(version, 'simtally.db'))
      const { from, to } = await migrateStore(`sqlite:${path}`)
      assert.ok(from >= 1 && from <= to, `${from} to ${to}`)
      const fresh = join(folder, 'fresh.db')
      await (await openStore(`sqlite:${fresh}`, { create: true })).close()
      assert.deepEqual(schemaOf(path), schemaOf(fresh))
      const store = await openStore(`sqlite:${path}`, { serverClock: () => NOW })
      t.after(() => store.close())
      const answers = await answersOf(store)
      assertKnownNumbers(answers)
      assertAnswersStill(answers, keptAnswers(version))
    })
  }

  it('1.0.0-rc.1 still tells parts of TAP3 by their place', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'simtally-kept-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'simtally.db')
    await writeFile(path, keptFile('1.0.0-rc.1', 'simtally.db'))
    const database = new DatabaseSync(path)
    database.exec(TO_TAP3)
    database.close()
    await migrateStore(`sqlite:${path}`)
    const store = await openStore(`sqlite:${path}`, { serverClock: () => NOW })
    t.after(() => store.close())
    await assertPartsByPlace(store)
  })

  it('is kept for the first version', () => {
    assert.ok(keptVersions().includes('1.0.0-rc.1'), keptVersions().join(', '))
  })
})

describe('what is compared', () => {
  it('may have gained fields, and has lost and changed nothing', () => {
    const then = { a: [1, { b: 'x' }], c: null }
    assertAnswersStill({ a: [1, { b: 'x', new: 2 }], c: null, d: 1 }, then)
    for (const now of [
      { a: [1, { b: 'y' }], c: null },
      { a: [1], c: null },
      { a: [1, { b: 'x' }, 3], c: null },
      { a: [1, { b: 'x' }] },
      null,
    ]) {
      assert.throws(() => assertAnswersStill(now, then), assert.AssertionError)
    }
  })
})
