/** A server asks its first question about a fleet itself, and only when it stays. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askFirstQuestion } from '../../src/cli/first-question.ts'
import { sourceOf, type UsageQuestion } from '../../src/domain/usage-question.ts'

describe('the first question of a server', () => {
  const asked: UsageQuestion[] = []
  const store = {
    answerUsage: async (question: UsageQuestion) => {
      asked.push(question)
      throw new Error('out of reach')
    },
  }

  it('is asked once, of the place that a question about many SIMs is answered from', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    asked.length = 0
    askFirstQuestion(store)
    t.mock.timers.tick(4_999)
    assert.equal(asked.length, 0)
    t.mock.timers.tick(60_000)
    assert.deepEqual(asked.map(sourceOf), ['SIM days'])
  })

  it('is not asked by a server that has ended', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    asked.length = 0
    askFirstQuestion(store)()
    t.mock.timers.tick(60_000)
    assert.equal(asked.length, 0)
  })
})
