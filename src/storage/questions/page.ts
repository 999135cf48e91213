/** Which members of an answer are on a page, and in which order. */
import { plus } from '../../domain/sums.ts'
import { ZONES } from '../../domain/usage-event.ts'
import type { MemberPage, UsageMember, UsageQuestion } from '../../domain/usage-question.ts'
import { COLUMNS, type Values } from './values.ts'

/** Selects the members after the last one of the previous page, in order. */
export function pageOf(
  { order, groupBy, granularity }: UsageQuestion,
  { after }: MemberPage,
  values: Values,
): { after: string; order: string } {
  const isDescending = order.startsWith('-')
  const name = isDescending ? order.slice(1) : order
  const leading =
    name === 'start'
      ? 'bucket_start'
      : name === 'data'
        ? '(upload + download)'
        : '(to_sim + from_sim)'
  const keys = groupBy.map((dimension) => COLUMNS[dimension])
  const following = name === 'start' ? keys : ['bucket_start', ...keys]
  const ordered = `${leading} ${isDescending ? 'DESC' : 'ASC'}`
  const text = { order: [ordered, ...following].join(', ') }
  if (after === undefined) return { ...text, after: '' }
  const [lead, ...rest] = cursorOf(after, { name, granularity, groupBy, values })
  const beyond = `${leading} ${isDescending ? '<' : '>'} ${lead}`
  if (following.length === 0) return { ...text, after: `WHERE ${beyond}` }
  const tied = `(${leading} = ${lead} AND (${following.join(', ')}) > (${rest.join(', ')}))`
  return { ...text, after: `WHERE ${beyond} OR ${tied}` }
}

/** The values of the member after which the page continues, the leading one first. */
function cursorOf(
  member: UsageMember,
  {
    name,
    granularity,
    groupBy,
    values,
  }: Pick<UsageQuestion, 'granularity' | 'groupBy'> & { name: string; values: Values },
): string[] {
  const keys = groupBy.map((dimension) => {
    if (dimension === 'sim') return values.bigint(member.simId!)
    if (dimension === 'group') return values.bigint(member.group?.id ?? 0)
    if (dimension === 'label') return values.text(member.label ?? '')
    if (dimension === 'zone') return values.bigint(ZONES.indexOf(member.zone!))
    if (dimension === 'country') return values.text(member.country ?? '')
    if (dimension === 'network') return values.text(member.plmn ?? '')
    return values.bigint(member.feedId!)
  })
  const { bucketStart, upload, download, toSim, fromSim } = member
  const start = values.bigint(granularity === 'all' ? 0 : bucketStart)
  if (name === 'start') return [start, ...keys]
  const total = name === 'data' ? plus(upload, download) : plus(toSim, fromSim)
  return [values.bigint(total), start, ...keys]
}
