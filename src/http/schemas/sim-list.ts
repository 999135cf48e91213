/** What registering a list of SIMs did, or would do. */
import { type Static, Type } from 'typebox'
import type { Account } from '../../domain/directory.ts'
import type { ListOutcome, ListPreview } from '../../ingest/sim-list-registration.ts'
import { nullable, nullableText } from './shapes.ts'

export const simListSchema = Type.Object({
  account_sid: Type.String(),
  dry_run: Type.Boolean(),
  created: Type.Integer(),
  updated: Type.Integer(),
  unchanged: Type.Integer(),
  assigned: nullable(Type.Object({ changed: Type.Integer(), unchanged: Type.Integer() })),
  warnings: Type.Array(Type.String()),
  faults: Type.Integer(),
  errors: Type.Array(Type.Object({ line: Type.Integer(), message: Type.String() })),
  preview: Type.Array(
    Type.Object({
      line: Type.Integer(),
      effect: Type.String(),
      iccid: nullableText,
      imsi: nullableText,
      unique_name: nullableText,
      friendly_name: nullableText,
      group: nullableText,
    }),
  ),
})

/** At most this many of each are shown, as many as a person reads; the counts cover all. */
export const LINES_SHOWN_MAX = 100

export function simListPreviewToApi(
  { sid }: Account,
  { lines, faults }: ListPreview,
  warnings: readonly string[],
): Static<typeof simListSchema> {
  const countOf = (effect: string) => lines.filter((line) => line.effect === effect).length
  return {
    account_sid: sid,
    dry_run: true,
    created: countOf('created'),
    updated: countOf('updated'),
    unchanged: countOf('unchanged'),
    assigned: null,
    warnings: [...warnings],
    faults: faults.length,
    errors: faults.slice(0, LINES_SHOWN_MAX).map(({ line, message }) => ({ line, message })),
    preview: lines.slice(0, LINES_SHOWN_MAX).map(({ entry, effect }) => {
      const { iccid, imsis = [], uniqueName, friendlyName } = entry.registration
      return {
        ...{ line: entry.line, effect, iccid: iccid ?? null, imsi: imsis.join(' ') || null },
        ...{ unique_name: uniqueName ?? null, friendly_name: friendlyName ?? null },
        group: entry.place?.group ?? null,
      }
    }),
  }
}

export function simListToApi(
  { sid }: Account,
  { created, updated, unchanged, assigned }: ListOutcome,
  warnings: readonly string[],
): Static<typeof simListSchema> {
  return {
    ...{ account_sid: sid, dry_run: false, created, updated, unchanged, assigned },
    ...{ warnings: [...warnings], faults: 0, errors: [], preview: [] },
  }
}
