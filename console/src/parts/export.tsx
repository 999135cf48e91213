/** A panel's content as a CSV file: from the page, or from the server if the page has only a part. */
import { type CsvTable, csvText, fileName } from '../format/csv.ts'
import { DAY_SECONDS, isMidnight, isoDay, isoText } from '../format/time.ts'
import { accountSid, accounts } from '../state/accounts.ts'
import type { Answer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import type { Period } from '../state/period.ts'
import { FILTERS, hasPeriod } from '../state/view.ts'

interface Exported {
  /** The panel's title, which also goes into the file's name. */
  readonly title: string
  /** Which part of the panel, if several are side by side; otherwise the link says CSV. */
  readonly text?: string
  /** Set if it differs from the view's period; null for content without a period. */
  readonly period?: Pick<Period, 'start' | 'end'> | null
}

/** Available only while the panel shows the answer to the view's current question. */
export function Export<T>({
  of: { value, isLoading, failure },
  table,
  shown = () => null,
  ...exported
}: Exported & {
  readonly of: Answer<T>
  readonly table: (value: T) => CsvTable
  /** How many rows the page has, if there are more, which the file's name then says; null if it has all. */
  readonly shown?: (value: T) => number | null
}) {
  const count = value === null ? null : shown(value)
  const part = count === null ? null : `the first ${count}`
  return (
    <button
      type="button"
      class="export"
      aria-label={`Export CSV: ${exported.title}`}
      title={part === null ? 'Export CSV' : `Export CSV: ${part}, as shown`}
      disabled={value === null || isLoading || failure !== null}
      onClick={() => {
        if (value !== null) save(csvText(table(value)), nameOf(exported, part))
      }}
    >
      <Sign text={exported.text} />
    </button>
  )
}

/** All of the content, streamed by the server whatever its length. */
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

/** The view and its period. */
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

/** For whole days, the last day as addresses name it; otherwise the hours. */
function boundsOf({ start, end }: Pick<Period, 'start' | 'end'>): string[] {
  if (isMidnight(start) && isMidnight(end)) return [isoDay(start), isoDay(end - DAY_SECONDS)]
  return [start, end].map((seconds) => `${isoText(seconds).slice(0, 13)}Z`)
}

/** A slow browser has a minute to read the file. */
const KEPT_MS = 60_000

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
}
