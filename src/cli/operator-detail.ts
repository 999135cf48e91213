/** What is wrong with a record, in the operator's words. */
import { maskIdentifier } from '../domain/identifiers.ts'
import type { KeptRecord } from '../domain/import.ts'
import { shown } from '../domain/usage-error.ts'

/**
 * Details are kept with the SIM's name masked, because accounts and logs see them. The operator has the
 * delivery itself, and needs the whole name to find the SIM.
 */
export function operatorDetail({
  detail,
  record,
}: {
  readonly detail: string
  readonly record?: Pick<KeptRecord, 'sim'> | null
}): string {
  if (record === undefined || record === null) return detail
  return detail.replaceAll(shown(maskIdentifier(record.sim)), shown(record.sim))
}
