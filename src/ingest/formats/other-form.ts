/** Says what else an unreadable delivery looks like, and what would read that. */
import { UsageError } from '../../domain/usage-error.ts'
import type { CdrReader, ReadRecord } from './cdr-format.ts'

export type TextForm = 'CSV' | 'JSON' | 'XML'

export interface ExpectedForm {
  readonly form: TextForm
  /** What to do about a delivery of another form, as the end of a sentence. */
  readonly remedyOf: (other: TextForm) => string
}

/** Adds that to the errors of a reader that has not read any record yet. */
export function tellingOtherForm(reader: CdrReader, expected: ExpectedForm): CdrReader {
  let first: number | null = null
  let hasRecords = false
  const telling = (read: () => readonly ReadRecord[]) => {
    try {
      const records = read()
      hasRecords ||= records.length > 0
      return records
    } catch (error) {
      const form = first === null || hasRecords ? null : formOf(first)
      if (!(error instanceof UsageError) || form === null || form === expected.form) throw error
      const message = `${error.message}; it looks like ${form}`
      throw new UsageError(error.code, message, { hint: expected.remedyOf(form) })
    }
  }
  return {
    push: (chunk) => {
      first ??= chunk.find((byte) => !NOT_SHOWN.includes(byte)) ?? null
      return telling(() => reader.push(chunk))
    },
    end: () => telling(() => reader.end()),
    warnings: () => reader.warnings(),
    facts: () => reader.facts(),
    context: () => reader.context?.() ?? null,
  }
}

/** Blanks, byte order marks, and the zeros that UTF-16 puts beside ASCII. */
const NOT_SHOWN = [0x00, 0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf, 0xfe, 0xff]

/** Judged by the first visible byte. What is neither of the others may only be CSV. */
function formOf(first: number): TextForm {
  if (first === 0x7b || first === 0x5b) return 'JSON'
  return first === 0x3c ? 'XML' : 'CSV'
}
