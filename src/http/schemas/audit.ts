/** The state of the last audit, as Simtally's own surface shows it. */
import { type Static, Type } from 'typebox'
import { instantOrNull } from '../../domain/time.ts'
import type { AuditRun } from '../../storage/usage-store.ts'
import { nullableText } from './shapes.ts'

export const auditSchema = Type.Object({
  status: Type.String(),
  date_requested: nullableText,
  date_started: nullableText,
  date_finished: nullableText,
  seconds: Type.Number(),
  parts_done: Type.Integer(),
  parts: Type.Integer(),
  ledger_rows: Type.Integer(),
  cells_checked: Type.Integer(),
  checksummed_through: nullableText,
  difference_count: Type.Integer(),
  differences: Type.Array(
    Type.Object({
      table: Type.String(),
      cell: Type.String(),
      stored: Type.String(),
      recomputed: Type.String(),
    }),
  ),
})

export function auditToApi(run: AuditRun): Static<typeof auditSchema> {
  const report = run.state?.report
  return {
    status: statusOf(run),
    date_requested: instantOrNull(run.requestedAt),
    date_started: instantOrNull(run.startedAt),
    date_finished: instantOrNull(run.finishedAt),
    seconds: Math.round(run.seconds * 1000) / 1000,
    parts_done: run.done,
    parts: run.total,
    ledger_rows: report?.ledgerRows ?? 0,
    cells_checked: report?.cellsChecked ?? 0,
    checksummed_through: instantOrNull(report?.checksummedThrough ?? null),
    difference_count: report?.differenceCount ?? 0,
    differences: [...(report?.differences ?? [])],
  }
}

function statusOf({ startedAt, finishedAt }: AuditRun): 'requested' | 'running' | 'finished' {
  if (finishedAt !== null) return 'finished'
  return startedAt === null ? 'requested' : 'running'
}
