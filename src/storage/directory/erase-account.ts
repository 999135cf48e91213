/** Erases what names an account and lets anybody log in to it, once its SIMs are erased. */
import type { Account } from '../../domain/directory.ts'
import { isErased } from '../../domain/directory.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { logAct } from '../acts.ts'
import { actsOfLife } from '../life-acts.ts'
import type { AccountErasure, EraseAccountOutcome } from '../life-store.ts'
import { all, get, lock, run, type Steps } from '../session.ts'
import { lastImport } from './erase.ts'
import { accountById } from './reads.ts'
import { listSims } from './sim-list.ts'

const SELECT_KEYS = 'SELECT sid FROM api_key WHERE account_id = ?'
const SELECT_GROUPS = 'SELECT sid FROM sim_group WHERE account_id = ?'
const COUNT_DELIVERIES = `
  SELECT COUNT(*) AS rows FROM quarantine_delivery
  WHERE quarantine_id IN (SELECT id FROM quarantine WHERE deliverer_id = ?)`

const ERASE_ACCOUNT = `
  UPDATE account
  SET name = 'erased', auth_token_hash = ?, previous_token_hash = NULL, previous_token_until = NULL,
      home_plmns = '', home_countries = '', may_register_numbers = 0
  WHERE id = ?`
const ERASE_KEYS = `
  UPDATE api_key
  SET label = '', secret_hash = ?, revoked_at = COALESCE(revoked_at, ?)
  WHERE account_id = ?`

/** By the account's id. SIMs that have moved away lose what this account called them. */
const OF_ACCOUNT = [
  `DELETE FROM quarantine_delivery
   WHERE quarantine_id IN (SELECT id FROM quarantine WHERE deliverer_id = ?)`,
  'DELETE FROM quarantine WHERE deliverer_id = ?',
  'DELETE FROM feed_grant WHERE account_id = ?',
  `DELETE FROM sim_label
   WHERE EXISTS (SELECT 1 FROM sim_tenure AS tenure
                 WHERE tenure.sim_id = sim_label.sim_id AND tenure.account_id = ?
                   AND tenure.started_at <= sim_label.started_at
                   AND sim_label.started_at < tenure.ended_at)`,
  'UPDATE sim_tenure SET unique_name = NULL WHERE account_id = ?',
  "UPDATE sim_group SET unique_name = NULL, settings = '{}' WHERE account_id = ?",
] as const
const END_SESSIONS = [
  'DELETE FROM console_session WHERE credential_sid = ANY (?)',
  'DELETE FROM console_link WHERE credential_sid = ANY (?)',
] as const
const ERASE_ACTS = `
  UPDATE act SET details = '{}'
  WHERE object_kind IN ('account', 'key', 'group') AND object = ANY (?)`

const PAGE_SIMS = 1_000

/** Runs inside a write transaction that excludes batches; a dry run reads one state. */
export function* eraseAccount(
  accountId: number,
  given: AccountErasure,
): Steps<EraseAccountOutcome> {
  if (!given.dryRun) yield* lock('directory')
  const account = yield* accountById(accountId)
  if (!given.dryRun) yield* requireErasedSims(account)
  const sidsOf = function* (text: string) {
    return (yield* all(text, [accountId])).map((row) => row.sid as string)
  }
  const keys = yield* sidsOf(SELECT_KEYS)
  const groups = yield* sidsOf(SELECT_GROUPS)
  const quarantineEntries = Number((yield* get(COUNT_DELIVERIES, [accountId]))!.rows)
  const outcome = { keys: keys.length, groups: groups.length, quarantineEntries }
  if (given.dryRun) return outcome
  for (const text of OF_ACCOUNT) yield* run(text, [accountId])
  for (const text of END_SESSIONS) yield* run(text, [[account.sid, ...keys]])
  yield* run(ERASE_KEYS, [given.unusableHash, given.at, accountId])
  yield* run(ERASE_ACCOUNT, [given.unusableHash, accountId])
  yield* run(ERASE_ACTS, [[account.sid, ...keys, ...groups]])
  const act = { ...given, lastImport: yield* lastImport() }
  yield* logAct(actsOfLife.eraseAccount(outcome, account, act))
  return outcome
}

function* requireErasedSims({ id: accountId, sid }: Account): Steps<void> {
  let afterId = 0
  for (;;) {
    const sims = yield* listSims({ accountId }, { afterId, limit: PAGE_SIMS })
    const left = sims.find((sim) => !isErased(sim))
    if (left !== undefined) {
      throw new UsageError('conflict', `account ${sid}: its SIM ${left.sid} has not been erased`, {
        field: 'account',
        value: sid,
        hint: 'erase its SIMs first',
      })
    }
    if (sims.length < PAGE_SIMS) return
    afterId = sims.at(-1)!.id
  }
}
