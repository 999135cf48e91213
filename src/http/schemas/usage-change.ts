/** How usage would change, as a dry run finds it. */
import { type Static, Type } from 'typebox'
import { byField } from '../../domain/counters.ts'
import { formatInstant } from '../../domain/time.ts'
import type { TrialChanges } from '../../storage/usage-store.ts'
import type { Caller } from '../credentials.ts'
import { changeToApi, differencesToApi } from '../usage-change.ts'
import { bigInteger, nullableText } from './shapes.ts'

/** A whole fleet may change. The months still sum up everything beyond this. */
const CHANGES_SHOWN_MAX = 1_000

const differences = byField(() => bigInteger)

const changeSchema = Type.Object({
  account_sid: Type.String(),
  sim_sid: Type.String(),
  zone: Type.String(),
  country_code: nullableText,
  ...differences,
})

/** The fields of a dry run. */
export const changesFields = {
  /** How many SIMs' usage would change. */
  changed_sims: Type.Integer(),
  months: Type.Array(
    Type.Object({
      account_sid: Type.String(),
      month: Type.String(),
      zone: Type.String(),
      ...differences,
    }),
  ),
  /** The first of the changes. */
  changes: Type.Array(changeSchema),
}

const changes = Type.Object(changesFields)

/** An account learns of its own usage only. */
export function changesToApi(
  { changes: all, months }: TrialChanges,
  { account }: Caller,
): Static<typeof changes> {
  const isTold = ({ accountSid }: { readonly accountSid: string }) =>
    account === null || accountSid === account.sid
  const told = all.filter(isTold)
  return {
    changed_sims: new Set(told.map(({ simSid }) => simSid)).size,
    months: months.filter(isTold).map(({ accountSid, month, zone, ...counters }) => ({
      account_sid: accountSid,
      month: formatInstant(month).slice(0, 'YYYY-MM'.length),
      zone,
      ...differencesToApi(counters),
    })),
    changes: told.slice(0, CHANGES_SHOWN_MAX).map(changeToApi),
  }
}
