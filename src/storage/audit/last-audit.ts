/** The store's last audit, kept in its settings for continuing it and for monitoring. */

import { readSetting } from '../directory/reads.ts'
import { UPSERT_SETTING } from '../directory/sql.ts'
import { run, type Steps } from '../session.ts'
import type { AuditRun } from './report.ts'

const AUDIT_RUN = 'audit_run'

export function* readAuditRun(): Steps<AuditRun | null> {
  const text = yield* readSetting(AUDIT_RUN)
  return text === null ? null : (JSON.parse(text as string) as AuditRun)
}

/** Runs inside a write transaction. */
export function* keepAuditRun(auditRun: AuditRun): Steps<void> {
  yield* run(UPSERT_SETTING, [AUDIT_RUN, JSON.stringify(auditRun)])
}
