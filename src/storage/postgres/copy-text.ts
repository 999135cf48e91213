/** Rows in the form of PostgreSQL's COPY: one line per row, tabs between columns. */

import { counterValues } from '../../domain/counters.ts'
import type { IncomingEvent } from '../ledger/incoming-events.ts'
import type { TableRow, TableValue } from '../tables.ts'

/** Rows per chunk; a chunk has some hundred kilobytes. */
const ROWS_A_PIECE = 2_000

/** For `COPY_INCOMING`: the columns of the event, and its position, from 0. */
export function incomingLines(events: readonly IncomingEvent[]): Generator<Buffer> {
  return eventLines(events, (position) => `${position}\n`)
}

/** For `COPY_LEDGER`: the columns of the event, and where it came from. */
export function ledgerLines(
  events: readonly IncomingEvent[],
  { feedId, importId, knownAt }: { feedId: number; importId: number; knownAt: number },
): Generator<Buffer> {
  const provenance = `${feedId}\t${importId}\t${knownAt}\n`
  return eventLines(events, () => provenance)
}

/** An event's columns in the order in which both statements name them, then what `rest` adds. */
function* eventLines(
  events: readonly IncomingEvent[],
  rest: (position: number) => string,
): Generator<Buffer> {
  for (let from = 0; from < events.length; from += ROWS_A_PIECE) {
    const to = Math.min(from + ROWS_A_PIECE, events.length)
    let text = ''
    for (let position = from; position < to; position++) {
      const { event, bucket, serving } = events[position]!
      let counters = ''
      for (const value of counterValues(event)) counters += `${value}\t`
      text +=
        `${bucket}\t${event.simId}\t${event.occurredAt}\t` +
        `${escaped(event.recordId)}\t${event.accountId}\t` +
        `${serving.zone}\t${serving.country}\t${serving.plmn}\t${serving.stated}\t` +
        `${counters}${event.line}\t` +
        rest(position)
    }
    yield Buffer.from(text, 'utf8')
  }
}

/** Rows of any table, in chunks as above. */
export function* copyTableRows(rows: readonly TableRow[]): Generator<Buffer> {
  for (let from = 0; from < rows.length; from += ROWS_A_PIECE) {
    let text = ''
    for (const row of rows.slice(from, from + ROWS_A_PIECE)) {
      text += `${row.map(copyValue).join('\t')}\n`
    }
    yield Buffer.from(text, 'utf8')
  }
}

function copyValue(value: TableValue): string {
  if (value === null) return '\\N'
  if (typeof value === 'string') return escaped(value)
  return value instanceof Uint8Array ? `\\\\x${Buffer.from(value).toString('hex')}` : String(value)
}

const SPECIAL = /[\\\t\n\r]/g
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}

function escaped(text: string): string {
  return text.replace(SPECIAL, (character) => ESCAPES[character]!)
}
