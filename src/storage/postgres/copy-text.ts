/** Rows as PostgreSQL's COPY reads them: a line a row, tabs between columns. */
import type { TableRow, TableValue } from '../tables.ts'
import type { IncomingEvent } from './append.ts'

/** Rows in one piece; a piece has some hundred kilobytes. */
const ROWS_A_PIECE = 2_000

/** The columns of `COPY_INCOMING`, in its order; positions count from 0. */
export function* copyLines(events: readonly IncomingEvent[]): Generator<Buffer> {
  for (let from = 0; from < events.length; from += ROWS_A_PIECE) {
    const to = Math.min(from + ROWS_A_PIECE, events.length)
    let text = ''
    for (let position = from; position < to; position++) {
      const { event, bucket, serving } = events[position]!
      text +=
        `${position}\t${bucket}\t${event.simId}\t${event.occurredAt}\t` +
        `${escaped(event.recordId)}\t${event.accountId}\t` +
        `${serving.zone}\t${serving.country}\t${serving.plmn}\t${serving.stated}\t` +
        `${event.upload}\t${event.download}\t${event.toSim}\t${event.fromSim}\t${event.line}\n`
    }
    yield Buffer.from(text, 'utf8')
  }
}

/** Rows of any table, in pieces as above. */
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
