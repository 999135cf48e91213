/** The files that several processes drop into a folder: what each holds is known by its number. */
import { formatInstant } from '../../src/domain/time.ts'
import { iccidOf, instant } from '../support/builders.ts'

export const SIMS = 5
export const RECORDS_PER_FILE = 20

/** Each of these files has the content of the one before it, under another name. */
export const isCopy = (file: number) => file % 25 === 24

const FIRST_RECORD_AT = instant('2026-03-01T00:00:00Z')

/** Each record has a second of its own, so that what is missing or too many shows where it was. */
export const secondOf = (file: number, record: number) =>
  FIRST_RECORD_AT + file * RECORDS_PER_FILE + record

export const simOf = (record: number) => record % SIMS

export function nameOf(file: number): string {
  return `usage-${file}.csv${file % 4 === 3 ? '.gz' : ''}`
}

export function contentOf(file: number): string {
  if (isCopy(file)) return contentOf(file - 1)
  const lines = Array.from({ length: RECORDS_PER_FILE }, (_, i) => {
    const at = formatInstant(secondOf(file, i))
    return `r${file}-${i},${iccidOf(simOf(i))},${at},310-260,1\n`
  })
  return `record_id,sim,occurred_at,plmn,upload\n${lines.join('')}`
}
