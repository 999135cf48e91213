import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fillStore, RANDOM_NOW } from '../../scripts/random-fleet.ts'
import { askRandomly } from '../../scripts/random-questions.ts'
import { openTempStore } from '../support/temp-store.ts'

/** The script asks 1,000; `SIMTALLY_RANDOM_QUESTIONS` asks as many here. */
const QUESTIONS = Number(process.env.SIMTALLY_RANDOM_QUESTIONS ?? 60)
const SEED = 20_261_128

describe('random questions of a random store', () => {
  it('have sums that agree, however they are grouped and wherever they are read from', async () => {
    const { store, dispose } = await openTempStore()
    try {
      await fillStore(store, SEED)
      const asking = { questions: QUESTIONS, seed: SEED, now: RANDOM_NOW }
      const { answered, members } = await askRandomly(store, asking)
      assert.deepEqual(Object.keys(answered).sort(), ['SIM days', 'account totals', 'ledger'])
      assert.ok(members > QUESTIONS, `only ${members} members`)
    } finally {
      await dispose()
    }
  })

  it('find an answer that is wrong', async () => {
    const { store, dispose } = await openTempStore()
    try {
      await fillStore(store, SEED)
      const wrong: typeof store.answerUsage = async (question, page) => {
        const members = await store.answerUsage(question, page)
        if (!question.groupBy.includes('zone')) return members
        return members.map((member) => ({ ...member, upload: member.upload + 1n }))
      }
      const asking = { questions: QUESTIONS, seed: SEED, now: RANDOM_NOW }
      await assert.rejects(askRandomly({ ...store, answerUsage: wrong }, asking), {
        message: /^question \d+ of seed 20261128: \{"accountId":/,
      })
    } finally {
      await dispose()
    }
  })
})
