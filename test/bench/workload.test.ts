/** What measurements compare: the same records in every order, and answers that are held to them. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readKnobs } from '../../bench/knobs.ts'
import { faultOf } from '../../bench/parts/imports.ts'
import { PlainSqlite } from '../../bench/peers/plain-sqlite.ts'
import {
  type Answer,
  filesOf,
  fleetOf,
  questionsOf,
  SHAPES,
  sorted,
  truthOf,
  writeRecords,
} from '../../bench/workload.ts'

const fleet = fleetOf(3_000, 40)

describe('the records of a measurement', () => {
  for (const shape of SHAPES) {
    it(`are all there, each once: ${shape}`, () => {
      const indexes = filesOf(shape, fleet).flatMap((file) => [...file])
      assert.deepEqual(
        indexes.toSorted((a, b) => a - b),
        Array.from({ length: fleet.records }, (_, i) => i),
      )
    })
  }

  it('come in as many orders as shapes say', () => {
    const [time, bySim, shuffled] = (['time', 'sims', 'shuffled'] as const).map(
      (shape) => filesOf(shape, fleet)[0]!,
    )
    assert.deepEqual([...bySim!.subarray(0, 3)], [0, fleet.sims, 2 * fleet.sims])
    const inPlace = shuffled!.filter((index, i) => index === time![i]).length
    assert.ok(inPlace < fleet.records / 100, `${inPlace} are where they were`)
    const late = filesOf('late', fleet)[1]!
    assert.ok(late.length > fleet.records * 0.08 && late.length < fleet.records * 0.12)
  })
})

describe('answers', () => {
  const asked = questionsOf(fleet)
  const truth = truthOf(fleet, asked)
  const held = { fleet, asked, truth }

  it('are those of plain SQLite, whatever the order, and however often all comes', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'simtally-workload-'))
    for (const shape of SHAPES) {
      const peer = new PlainSqlite(join(dir, `${shape}.db`))
      await peer.prepare(fleet)
      for (const [i, indexes] of filesOf(shape, fleet).entries()) {
        const csv = join(dir, `${shape}-${i}.csv`)
        await writeRecords(csv, fleet, indexes)
        await peer.load(csv)
        if (shape === 'duplicates') await peer.load(csv)
      }
      const asking = await peer.open()
      const answers: Answer[] = []
      for (const question of asked) answers.push(sorted([...(await asking.answer(question))]))
      const records = await asking.records()
      await asking.close()
      assert.equal(faultOf(held, { records, answers, microseconds: [] }), null, shape)
    }
    await rm(dir, { recursive: true })
  })

  it('that are wrong are said to be wrong', () => {
    const right = { records: fleet.records, answers: truth, microseconds: [] }
    assert.equal(faultOf(held, right), null)
    const twice = { ...right, records: fleet.records + 1 }
    assert.equal(faultOf(held, twice), 'counts 3001 of 3000 records')
    const [bucket, zone, country, upload, ...rest] = truth[3]![0]!
    const off: Answer = [[bucket, zone, country, upload + 1, ...rest], ...truth[3]!.slice(1)]
    const wrong = { ...right, answers: truth.with(3, off) }
    assert.equal(faultOf(held, wrong), `1 of ${asked.length} answers are wrong`)
    const empty = { ...right, answers: truth.map(() => []) }
    assert.equal(faultOf(held, empty), `${asked.length} of ${asked.length} answers are wrong`)
  })
})

describe('the knobs of a measurement', () => {
  it('are read from the environment', () => {
    const knobs = readKnobs({
      SIZES: '10x2,20x4:time+sims',
      SHAPES: 'late',
      PEERS: 'duckdb',
      ROUNDS: '5',
    })
    const { rounds, sizes, peers } = knobs
    assert.deepEqual(
      { rounds, sizes, peers },
      {
        rounds: 5,
        sizes: [
          { records: 10, sims: 2, shapes: ['late'] },
          { records: 20, sims: 4, shapes: ['time', 'sims'] },
        ],
        peers: ['duckdb'],
      },
    )
  })

  it('are refused where they say nothing that there is', () => {
    const sizes = ['10', '0x1', '10x10:', '10x10:tiem', 'ax10'].map((size) => ['SIZES', size])
    const others = Object.entries({
      SHAPES: 'time,tiem',
      PEERS: 'duckdb,mysql',
      PARTS: 'import',
      ROUNDS: '0',
      BATCHES: '1,ten',
    })
    for (const [name, value] of [...sizes, ...others] as [string, string][]) {
      assert.throws(() => readKnobs({ [name]: value }), new RegExp(`^Error: ${name}: `), value)
    }
  })
})
