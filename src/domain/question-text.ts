/** Questions about usage as people write them, and the errors for those that are not answered. */
import { LABELS_MAX, parseLabel, parseLabelKey } from './sim-group.ts'
import { DAY_SECONDS, formatInstant } from './time.ts'
import { invalidField, shown, UsageError } from './usage-error.ts'
import {
  LEDGER_QUESTION_MAX_SECONDS,
  readsTooMuch,
  USAGE_DIMENSIONS,
  type UsageDimension,
  type UsageQuestion,
} from './usage-question.ts'

/** In a question's own terms. */
export type Grouping = Pick<UsageQuestion, 'groupBy' | 'labelKey'>

export const GROUP_BY_RULE =
  'expected sim, group, label:KEY, zone, country, network or feed, several separated by commas'

/** Reads `sim,label:customer`. Throws `invalid` for an unknown dimension, and for one named twice. */
export function parseGroupBy(field: string, text: string): Grouping {
  const groupBy: UsageDimension[] = []
  let labelKey: string | undefined
  for (const word of text.split(',').map((part) => part.trim())) {
    const colon = word.indexOf(':')
    const name = colon === -1 ? word : word.slice(0, colon)
    const key = colon === -1 ? null : word.slice(colon + 1)
    if (!isDimension(name) || (key !== null && name !== 'label')) {
      throw invalidField(field, text, `${shown(word)} is not a dimension: ${GROUP_BY_RULE}`)
    }
    if (name === 'label') {
      if (!key) throw invalidField(field, text, 'a label needs its key, as in label:customer')
      if (labelKey !== undefined) {
        throw invalidField(field, text, 'one label at a time: ask once for each key')
      }
      labelKey = parseLabelKey(key, field)
    } else if (groupBy.includes(name)) {
      throw invalidField(field, text, `${name} is named twice: name each dimension once`)
    }
    groupBy.push(name)
  }
  return { groupBy, ...(labelKey !== undefined && { labelKey }) }
}

function isDimension(text: string): text is UsageDimension {
  return (USAGE_DIMENSIONS as readonly string[]).includes(text)
}

/** The inverse of `parseGroupBy`. */
export function groupByText({ groupBy, labelKey }: Grouping): string {
  return groupBy.map((name) => (name === 'label' ? `label:${labelKey}` : name)).join(',')
}

/** What an interface calls the parts of a question. */
export interface QuestionNames {
  readonly groupBy: string
  readonly granularity: string
  readonly sim: string
  readonly network: string
  readonly feed: string
  /** The name of the feed asked for, if any. */
  readonly feedName?: string | undefined
}

/** Throws `invalid` for a question that `readsTooMuch`, naming the cause and what to ask instead. */
export function requireShortEnough(question: UsageQuestion, names: QuestionNames): void {
  if (!readsTooMuch(question)) return
  const { field, value, of, instead } = causeOf(question, names)
  const daysMax = LEDGER_QUESTION_MAX_SECONDS / DAY_SECONDS
  const days = Math.ceil((question.end - question.start) / DAY_SECONDS)
  throw invalidField(
    field,
    value,
    `${of} is read from the ledger of all SIMs, for at most ${daysMax} days and not for ${days}`,
    { hint: `ask for ${daysMax} days at most, for one SIM with ${names.sim}, or ${instead}` },
  )
}

/** The part of a question that only the ledger can answer. */
function causeOf({ groupBy, filter, granularity }: UsageQuestion, names: QuestionNames) {
  if (groupBy.includes('feed')) {
    const [field, value] = [names.groupBy, 'feed']
    return { field, value, of: 'usage by feed', instead: 'leave feed out' }
  }
  if (filter.feedId !== undefined) {
    const instead = `leave ${names.feed} out`
    return { field: names.feed, value: names.feedName ?? '', of: 'usage of one feed', instead }
  }
  const instead = 'leave SIMs, groups and labels out'
  if (groupBy.includes('network')) {
    const of = 'the network of a SIM, group or label'
    return { field: names.groupBy, value: 'network', of, instead }
  }
  if (filter.plmn !== undefined) {
    const of = 'the network of a SIM, group or label'
    return { field: names.network, value: filter.plmn ?? '', of, instead }
  }
  return {
    field: names.granularity,
    value: granularity,
    of: 'usage by the hour of a SIM, group or label',
    instead: `ask by the day, or ${instead}`,
  }
}

/** Values by key; null ends a label. */
export type LabelChanges = Readonly<Record<string, string | null>>

/** Reads `key=value`, and `key=` to end a label. Throws `invalid`, also for a key given twice. */
export function parseLabelChanges(field: string, texts: readonly string[]): LabelChanges {
  const changes: Record<string, string | null> = Object.create(null)
  for (const text of texts) {
    const ends = text.endsWith('=') && text.indexOf('=') === text.length - 1
    const { key, value } = ends
      ? { key: parseLabelKey(text.slice(0, -1), field), value: null }
      : parseLabel(text, field)
    if (Object.hasOwn(changes, key)) {
      throw invalidField(field, text, `the key ${shown(key)} is given twice: a label has one value`)
    }
    changes[key] = value
  }
  if (Object.keys(changes).length > LABELS_MAX) {
    const count = String(Object.keys(changes).length)
    throw invalidField(field, count, `a SIM has at most ${LABELS_MAX} labels`)
  }
  return { ...changes }
}

/** Throws `invalid` for a future instant, because a SIM cannot be assigned in advance. */
export function requirePast(field: string, at: number, nowSeconds: number): void {
  if (at <= nowSeconds) return
  throw invalidField(
    field,
    formatInstant(at),
    `lies after now, ${formatInstant(nowSeconds)}: give a past instant, or leave it out`,
  )
}

/** The error for an instant given without anything that could hold from then on. */
export function sinceOfNothing(field: string, others: string): UsageError {
  return new UsageError('invalid', `${field} says since when something holds: give ${others} too`, {
    field,
  })
}
