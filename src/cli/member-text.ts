/** The usage of fleet members as a table and as bars. */
import { plus } from '../domain/sums.ts'
import { formatInstant } from '../domain/time.ts'
import type { UsageSums } from '../domain/usage-query.ts'
import type { UsageDimension, UsageMember, UsageQuestion } from '../domain/usage-question.ts'
import { type MemberContext, memberNames, periodOfMember } from '../http/usage-member.ts'
import { barChart } from './bar-chart.ts'
import { SUM_TITLES, sumCells } from './quantity-text.ts'
import { type Alignment, textTable } from './text-table.ts'

type Names = ReturnType<typeof memberNames>

const COLUMN_OF: Readonly<Record<UsageDimension, { readonly title: string; name: keyof Names }>> = {
  sim: { title: 'SIM', name: 'sim_sid' },
  group: { title: 'GROUP', name: 'group' },
  label: { title: 'LABEL', name: 'label' },
  zone: { title: 'ZONE', name: 'zone' },
  country: { title: 'COUNTRY', name: 'country_code' },
  network: { title: 'NETWORK', name: 'network' },
  feed: { title: 'FEED', name: 'feed' },
}

/** Shown if something is not known, or a SIM was in no group. */
const NONE = '-'

interface Shown {
  readonly question: UsageQuestion
  readonly context: MemberContext
  readonly members: readonly UsageMember[]
}

/** One line per member and, below them, the total of all members, including those not shown. */
export function memberTable(shown: Shown, total: UsageSums): string[] {
  const { question, members } = shown
  const columns = question.groupBy.map((dimension) => titleOf(dimension, question.labelKey))
  const titles = [...(isByTime(question) ? ['PERIOD'] : []), ...columns]
  const alignments = [...titles.map((): Alignment => 'left'), ...SUM_TITLES.map(rightAligned)]
  const rows = members.map((member) => [...namesOf(shown, member), ...sumCells(member)])
  // An answer of one line is its own total.
  const names = titles.length === 0 ? [] : ['total', ...titles.slice(1).map(() => '')]
  const last = titles.length === 0 && rows.length === 1 ? [] : [[...names, ...sumCells(total)]]
  return textTable([[...titles, ...SUM_TITLES], ...rows, ...last], alignments)
}

/** The bytes of each member, in the order of the table. */
export function memberChart(shown: Shown, width: number): string[] {
  const bars = shown.members.map((member) => ({
    label: namesOf(shown, member).join('  '),
    bytes: plus(member.upload, member.download),
  }))
  return barChart(bars, width)
}

function titleOf(dimension: UsageDimension, labelKey: string | undefined): string {
  return dimension === 'label' ? `LABEL ${labelKey}` : COLUMN_OF[dimension].title
}

const rightAligned = (): Alignment => 'right'

function isByTime({ granularity }: UsageQuestion): boolean {
  return granularity !== 'all'
}

function namesOf({ question, context }: Shown, member: UsageMember): string[] {
  const names = memberNames(member)
  const told = question.groupBy.map((dimension) => names[COLUMN_OF[dimension].name] ?? NONE)
  return [...(isByTime(question) ? [periodLabel(context, member)] : []), ...told]
}

/** As precise as the granularity. */
function periodLabel(context: MemberContext, member: UsageMember): string {
  const text = formatInstant(periodOfMember(context, member).start)
  if (context.granularity === 'hourly') return text.slice(0, 16).replace('T', ' ')
  return text.slice(0, context.granularity === 'monthly' ? 7 : 10)
}
