/**
 * Numbered streams of deliveries: which numbers have come, and which are missing between them.
 *
 * A place in a stream is a position. It is the delivery's number, except that numbers of at most five
 * digits wrap around as TAP's do: after 99999 comes 1, while positions count on.
 */
import { shown, UsageError } from './usage-error.ts'

/** TAP and NRTRDE files are numbered from 1 to this. */
export const SEQUENCE_NUMBER_MAX = 99_999

/** Consecutive deliveries without a gap. */
export interface SequenceRun {
  readonly first: number
  readonly last: number
  /** UTC seconds: when the gap before this run became known. */
  readonly openedAt: number
  /** Of the delivery at `last`: its cut-off, if it states one, and when it first came. */
  readonly cutOff: number | null
  readonly lastAt: number
}

export interface SequenceStream {
  readonly stream: string
  /** True while no number has had more than five digits. */
  readonly wraps: boolean
  /** Ascending, never empty. */
  readonly runs: readonly SequenceRun[]
}

/** What somebody has said will not come. */
export interface GapAcceptance {
  readonly stream: string
  /** Positions. `last` is null if the stream ended before `first`. */
  readonly first: number
  readonly last: number | null
  readonly by: string
  readonly reason: string
  readonly at: number
}

export interface SequenceGap {
  readonly stream: string
  /** Positions, both missing. */
  readonly first: number
  readonly last: number
  /** The numbers at these positions. `from` is the larger one if numbers wrap around in between. */
  readonly from: number
  readonly to: number
  /** UTC seconds: when deliveries on both sides of the gap had come. */
  readonly openedAt: number
  /** Null while the gap is open. */
  readonly acceptance: GapAcceptance | null
}

export interface NumberedDelivery {
  readonly stream: string
  readonly number: number
  /** UTC seconds. */
  readonly arrivedAt: number
  readonly cutOff: number | null
}

export function addToStream(
  known: SequenceStream | undefined,
  { stream, number, arrivedAt, cutOff }: NumberedDelivery,
): SequenceStream {
  const wraps = (known?.wraps ?? true) && number <= SEQUENCE_NUMBER_MAX
  const position = known === undefined ? number : positionOf(number, known, wraps)
  const alone = { first: position, last: position, openedAt: arrivedAt, cutOff, lastAt: arrivedAt }
  return { stream, wraps, runs: addToRuns(known?.runs ?? [], alone) }
}

/** A number that wraps is taken at the position nearest to the highest delivery so far. */
function positionOf(number: number, { runs }: SequenceStream, wraps: boolean): number {
  if (!wraps) return number
  const turns = Math.round((runs.at(-1)!.last - number) / SEQUENCE_NUMBER_MAX)
  return number + turns * SEQUENCE_NUMBER_MAX
}

function addToRuns(runs: readonly SequenceRun[], added: SequenceRun): SequenceRun[] {
  const at = added.first
  const holding = runs.findIndex(({ first, last }) => first <= at && at <= last)
  if (holding !== -1) {
    const run = runs[holding]!
    // The same delivery again: it keeps its first arrival, but may state more than it did then.
    const cutOff = at === run.last ? largest(run.cutOff, added.cutOff) : run.cutOff
    return runs.with(holding, { ...run, cutOff })
  }
  const index = runs.filter(({ last }) => last < at).length
  const before = runs[index - 1]
  const after = runs[index]
  const joinsBefore = before?.last === at - 1
  const joinsAfter = after?.first === at + 1
  if (joinsBefore && joinsAfter) {
    const { first, openedAt } = before
    return runs.toSpliced(index - 1, 2, { ...after, first, openedAt })
  }
  if (joinsBefore) {
    const { cutOff, lastAt } = added
    return runs.with(index - 1, { ...before, last: at, cutOff, lastAt })
  }
  if (joinsAfter) return runs.with(index, { ...after, first: at })
  if (after === undefined) return [...runs, added]
  // The very first delivery opens the gap behind it. One that lands within a gap splits it into two of
  // the same age.
  const isFirst = before === undefined
  const behind = isFirst ? { ...after, openedAt: added.openedAt } : after
  const cut = isFirst ? added : { ...added, openedAt: after.openedAt }
  return runs.toSpliced(index, 1, cut, behind)
}

function largest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}

/** What is missing, ordered by position, and split where one part is accepted and the next is not. */
export function gapsOf(
  { stream, wraps, runs }: SequenceStream,
  acceptances: readonly GapAcceptance[],
): SequenceGap[] {
  const ofStream = acceptances
    .filter((acceptance) => acceptance.stream === stream && acceptance.last !== null)
    .toSorted((a, b) => a.first - b.first)
  const gaps: SequenceGap[] = []
  for (const [index, run] of runs.entries()) {
    if (index === 0) continue
    const end = run.first - 1
    let at = runs[index - 1]!.last + 1
    const cut = (last: number, acceptance: GapAcceptance | null) => {
      const [from, to] = [numberAt(at, wraps), numberAt(last, wraps)]
      gaps.push({ stream, first: at, last, from, to, openedAt: run.openedAt, acceptance })
      at = last + 1
    }
    for (const acceptance of ofStream) {
      const last = Math.min(acceptance.last!, end)
      if (last < at || acceptance.first > end) continue
      if (acceptance.first > at) cut(acceptance.first - 1, null)
      cut(last, acceptance)
    }
    if (at <= end) cut(end, null)
  }
  return gaps
}

function numberAt(position: number, wraps: boolean): number {
  return wraps ? modulo(position - 1, SEQUENCE_NUMBER_MAX) + 1 : position
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}

/** True if somebody accepted that nothing more comes, and nothing has come since. */
export function hasEnded(
  { stream, runs }: SequenceStream,
  acceptances: readonly GapAcceptance[],
): boolean {
  return acceptances.some(
    (acceptance) =>
      acceptance.stream === stream &&
      acceptance.last === null &&
      acceptance.first > runs.at(-1)!.last,
  )
}

/** The last delivery of the stream before its first gap that is not accepted. */
export function lastBeforeGap(
  stream: SequenceStream,
  acceptances: readonly GapAcceptance[],
): SequenceRun {
  const open = gapsOf(stream, acceptances).find(({ acceptance }) => acceptance === null)
  const { runs } = stream
  return open === undefined ? runs.at(-1)! : runs.findLast(({ last }) => last < open.first)!
}

/** Numbers as a person names them; `to` is null for the end of the stream. */
export interface NamedGap {
  readonly stream: string
  readonly from: number
  readonly to: number | null
}

/** The positions of an open gap or part of one. Throws `not_found`, naming the gaps that are open. */
export function findOpenGap(
  streams: readonly SequenceStream[],
  acceptances: readonly GapAcceptance[],
  { stream, from, to }: NamedGap,
): Pick<GapAcceptance, 'stream' | 'first' | 'last'> {
  const known = streams.find((candidate) => candidate.stream === stream)
  if (known === undefined) {
    const names = streams.map((candidate) => shown(candidate.stream)).join(', ')
    throw new UsageError('not_found', `there is no stream ${shown(stream)}`, {
      hint: names === '' ? 'the feed has no numbered deliveries' : `the feed's streams: ${names}`,
    })
  }
  const open = gapsOf(known, acceptances).filter(({ acceptance }) => acceptance === null)
  if (to === null) return { stream, first: endOf(known, from), last: null }
  for (const gap of open) {
    const distance = (a: number, b: number) =>
      known.wraps ? modulo(b - a, SEQUENCE_NUMBER_MAX) : b - a
    const first = gap.first + distance(gap.from, from)
    const last = first + distance(from, to)
    if (gap.first <= first && first <= last && last <= gap.last) return { stream, first, last }
  }
  const ranges = open.map((gap) => `${gap.from} to ${gap.to}`).join(', ')
  throw new UsageError(
    'not_found',
    `stream ${shown(stream)} has no open gap that contains ${from} to ${to}`,
    { hint: ranges === '' ? 'nothing is missing' : `missing: ${ranges}` },
  )
}

/** The position after the last delivery; `from` must be its number. */
function endOf({ stream, wraps, runs }: SequenceStream, from: number): number {
  const next = runs.at(-1)!.last + 1
  const expected = numberAt(next, wraps)
  if (from === expected) return next
  throw new UsageError(
    'not_found',
    `stream ${shown(stream)} cannot end before ${from}: the number after its last one is ${expected}`,
    { hint: `name ${expected} if nothing more comes` },
  )
}
