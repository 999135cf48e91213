/** Pages that are read in spans of buckets are the pages of the whole question. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { plus } from '../../src/domain/sums.ts'
import {
  DAY_SECONDS,
  floorTo,
  HOUR_SECONDS,
  monthNumber,
  monthStart,
} from '../../src/domain/time.ts'
import {
  type MemberPage,
  QUESTION_GRANULARITIES,
  QUESTION_ORDERS,
  type UsageMember,
  type UsageQuestion,
} from '../../src/domain/usage-question.ts'
import { answerInSpans } from '../../src/http/member-spans.ts'
import { instant } from '../support/builders.ts'

const START = instant('2025-11-20T05:00:00Z')

const bucketOf = {
  all: () => START,
  hourly: (at: number) => floorTo(at, HOUR_SECONDS),
  daily: (at: number) => floorTo(at, DAY_SECONDS),
  monthly: (at: number) => monthStart(monthNumber(at)),
}

/** Answers from hours of usage of two SIMs, as a store does; notes how long each question was. */
function storeOf(uses: readonly { readonly hour: number; readonly simId: number }[]) {
  const spans: number[] = []
  const answerUsage = async (question: UsageQuestion, { limit, after }: MemberPage) => {
    const { start, end, granularity, order } = question
    spans.push(end - start)
    const members = new Map<string, UsageMember>()
    for (const { hour, simId } of uses) {
      const at = START + hour * HOUR_SECONDS
      if (at < start || at >= end) continue
      const bucketStart = bucketOf[granularity](at)
      const upload = plus(members.get(`${bucketStart} ${simId}`)?.upload ?? 0, 1)
      const sums = { upload, download: 0, toSim: 0, fromSim: 0 }
      members.set(`${bucketStart} ${simId}`, { bucketStart, simId, ...sums })
    }
    const sign = order.startsWith('-') ? -1 : 1
    const lead = ({ bucketStart, upload }: UsageMember) =>
      order.endsWith('start') ? bucketStart : order.endsWith('data') ? Number(upload) : 0
    const compare = (a: UsageMember, b: UsageMember) =>
      sign * (lead(a) - lead(b)) || a.bucketStart - b.bucketStart || a.simId! - b.simId!
    const sorted = [...members.values()].sort(compare)
    return sorted
      .filter((member) => after === undefined || compare(member, after) > 0)
      .slice(0, limit)
  }
  return { store: { answerUsage }, spans }
}

function aQuestion(stated: Partial<UsageQuestion>): UsageQuestion {
  return {
    accountId: 1,
    start: START,
    end: START + 90 * DAY_SECONDS,
    granularity: 'hourly',
    filter: {},
    groupBy: ['sim'],
    order: 'start',
    ...stated,
  }
}

describe('a page of members in spans of buckets', () => {
  it('is that of the whole question, in any order, from any member on', async () => {
    const use = fc.record({ hour: fc.nat({ max: 90 * 24 - 1 }), simId: fc.constantFrom(1, 2) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(use, { maxLength: 40 }),
        fc.constantFrom(...QUESTION_GRANULARITIES),
        fc.constantFrom(...QUESTION_ORDERS),
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 50 }),
        fc.nat({ max: 60 * 24 }),
        async (uses, granularity, order, limit, cut, hours) => {
          const { store } = storeOf(uses)
          const end = START + 90 * DAY_SECONDS - hours * HOUR_SECONDS
          const question = aQuestion({ granularity, order, end })
          const whole = await store.answerUsage(question, { limit: 1_000 })
          const members: UsageMember[] = []
          for (;;) {
            const after = members.at(-1)
            const page = { limit, ...(after !== undefined && { after }) }
            const found = await answerInSpans(store, question, page)
            members.push(...found)
            if (found.length < limit) break
          }
          assert.deepEqual(members, whole)
          const after = whole[cut]
          if (after === undefined) return
          const rest = await answerInSpans(store, question, { limit: 1_000, after })
          assert.deepEqual(rest, whole.slice(cut + 1))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('sums no more than about twice of what it shows', async () => {
    const uses = Array.from({ length: 90 * 24 }, (_, hour) => ({ hour, simId: 1 }))
    for (const order of ['start', '-start'] as const) {
      const { store, spans } = storeOf(uses)
      await answerInSpans(store, aQuestion({ order }), { limit: 50 })
      const hours = spans.reduce((sum, span) => sum + span / HOUR_SECONDS, 0)
      assert.ok(hours <= 100, `${hours} hours in ${order}`)
    }
  })
})
