/** The note below a chart: whether all usage has come, and whether it is still kept. */
import type { UsageAnswer } from '../api/usage.ts'
import { missingText, throughText } from '../format/completeness.ts'
import { momentText } from '../format/time.ts'
import type { Answer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import type { Period } from '../state/period.ts'
import { LateFeed } from './late-feed.tsx'

type Drawn = UsageAnswer & { readonly period: Period }

export function Completeness({
  of: drawn,
  now,
  before: { value: before, isLoading },
}: {
  readonly of: Drawn
  readonly now: number
  /** The period that changes are measured against. */
  readonly before: Answer<Drawn>
}) {
  const period = { start: drawn.period.start, end: Math.min(drawn.period.end, now) }
  const { completeThrough, retainedFrom } = drawn
  const missing = missingText(drawn, period)
  const through = throughText(drawn, period)
  const isOpen = through !== null && completeThrough !== null && completeThrough < period.end
  const { asTable } = view.value
  const isUneven =
    missing === null && !isLoading && before !== null && missingText(before, before.period) !== null
  return (
    <p class="complete muted small">
      {missing !== null && `${missing} `}
      {isOpen && !asTable && <i class="swatch hatched" />} {through}
      {isOpen && (
        <>
          ; {asTable ? 'later hours' : 'hatched hours'} may still grow.{' '}
          <LateFeed through={completeThrough} />
        </>
      )}
      {isUneven && ' Some usage of the previous period may never have been delivered.'}
      {retainedFrom !== null && ` Usage before ${momentText(retainedFrom)} UTC is no longer kept.`}
    </p>
  )
}
