/** What a panel shows, as a file of CSV: from the page, or from the server where the page holds only a part. */
import { type CsvTable, csvText, fileName } from '../format/csv.ts'
import { DAY_SECONDS, isMidnight, isoDay, isoText } from '../format/time.ts'
import { accountSid, accounts } from '../state/accounts.ts'
import type { Answer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import type { Period } from '../state/period.ts'
import { FILTERS, hasPeriod } from '../state/view.ts'

interface Exported {
  /** Of the panel: it names the file as well. */
  readonly title: string
  /** A part of it, where several are beside each other; else it is seen as CSV. */
  readonly text?: string
  /** Where it is not the view's; null for what is of no period. */
  readonly period?: Pick<Period, 'start' | 'end'> | null
}

/** Only while what is shown is the answer to what the view says. */
export function Export<T>({
  of: { value, isLoading, failure },
  table,
  shown = () => null,
  ...exported
}: Exported & {
  readonly of: Answer<T>
  readonly table: (value: T) => CsvTable
  /** How many the page holds of more, which the file says in its name; null where it holds all. */
  readonly shown?: (value: T) => number | null
}) {
  const count = value === null ? null : shown(value)
  const part = count === null ? null : `the first ${count}`
  return (
    <button
      type="button"
      class="export"
      aria-label={`Export CSV: ${exported.title}`}
      title={part === null ? 'Export CSV' : `Export CSV: ${part}, as they are shown`}
      disabled={value === null || isLoading || failure !== null}
      onClick={() => {
        if (value !== null) save(csvText(table(value)), nameOf(exported, part))
      }}
    >
      <Sign text={exported.text} />
    </button>
  )
}

/** All of it, streamed by the server however much it is. */
export function ExportLink({ href, ...exported }: Exported & { readonly href: string }) {
  return (
    <a
      class="export"
      aria-label={`Export CSV: ${exported.title}`}
      title="Export CSV"
      href={href}
      download={nameOf(exported)}
    >
      <Sign text={exported.text} />
    </a>
  )
}

function Sign({ text = 'CSV' }: { readonly text?: string | undefined }) {
  return (
    <>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11" />
      </svg>
      {text}
    </>
  )
}

/** The view and its range. */
function nameOf(
  { title, period = hasPeriod(view.value) ? view.value.period : null }: Exported,
  part: string | null = null,
) {
  const { filters, subject } = view.value
  const account = accounts.value?.find(({ sid }) => sid === accountSid.value)
  return fileName([
    ...(account === undefined ? [] : [account.name]),
    ...(subject === null ? [] : [subject]),
    title,
    ...(part === null ? [] : [part]),
    ...FILTERS.flatMap((name) => (filters[name] === undefined ? [] : [name, filters[name]])),
    ...(period === null ? [] : boundsOf(period)),
  ])
}

/** The last day of whole days, as addresses name it; else the hours. */
function boundsOf({ start, end }: Pick<Period, 'start' | 'end'>): string[] {
  if (isMidnight(start) && isMidnight(end)) return [isoDay(start), isoDay(end - DAY_SECONDS)]
  return [start, end].map((seconds) => `${isoText(seconds).slice(0, 13)}Z`)
}

/** A browser that reads slowly has a minute for it. */
const KEPT_MS = 60_000

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
}
