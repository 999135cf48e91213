import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fillStore, RANDOM_NOW } from '../../scripts/random-fleet.ts'
import { askRandomly } from '../../scripts/random-questions.ts'
import { plus } from '../../src/domain/sums.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { openTempStore, type TempStore } from '../support/temp-store.ts'

/** The script asks 1,000; `SIMTALLY_RANDOM_QUESTIONS` asks as many here. */
const QUESTIONS = Number(process.env.SIMTALLY_RANDOM_QUESTIONS ?? 60)
const SEED = 20_261_128

let temp: TempStore
before(async () => {
  temp = await openTempStore()
  await fillStore(temp.store, SEED)
})
after(() => temp.dispose())

const ask = (store: UsageStore) =>
  askRandomly(store, { questions: QUESTIONS, seed: SEED, now: RANDOM_NOW })

describe('random questions of a random store', () => {
  it('have sums that agree, however they are grouped and wherever they are read from', async () => {
    const { answered, members } = await ask(temp.store)
    assert.deepEqual(Object.keys(answered).sort(), ['SIM days', 'account totals', 'ledger'])
    assert.ok(members > QUESTIONS, `only ${members} members`)
  })

  it('find an answer that is wrong', async () => {
    const wrong: UsageStore['answerUsage'] = async (question, page) => {
      const members = await temp.store.answerUsage(question, page)
      if (!question.groupBy.includes('zone')) return members
      return members.map((member) => ({ ...member, upload: plus(member.upload, 1) }))
    }
    await assert.rejects(ask({ ...temp.store, answerUsage: wrong }), {
      message: /^question \d+ of seed 20261128: \{"accountId":/,
    })
  })
})
