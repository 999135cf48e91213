/** Whose SIMs a feed's records can name, and by which names, from the flags that set it. */
import { Option } from 'commander'
import type { Feed, FeedChanges } from '../domain/directory.ts'
import type { Sid, SimNameKind } from '../domain/identifiers.ts'
import { checkSimNames, parseSimNames, simNamesDefault } from '../domain/sim-names.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { accountOf } from './command-line.ts'
import { fromFlags } from './failure.ts'
import { flag, sidFlag } from './option-values.ts'

export interface NameOptions {
  /** False if `--no-account` removes it. */
  readonly account?: Sid | false
  readonly simNames?: readonly SimNameKind[]
}

export function nameFlags(): Option[] {
  return [
    new Option(
      '--account <sid>',
      'bind it to one account: its records mean only its SIMs',
    ).argParser(sidFlag('--account', 'AC')),
    new Option(
      '--sim-names <kinds>',
      'how records name their SIMs: sid,iccid,imsi,msisdn and, with an account, unique_name',
    ).argParser(flag('--sim-names', parseSimNames)),
  ]
}

/**
 * `known` is the existing feed, null for a new one. Throws `WrongUsage` for names that the feed cannot have.
 */
export async function nameChanges(
  store: Pick<UsageStore, 'findAccount'>,
  { account, simNames }: NameOptions,
  known: Pick<Feed, 'accountId' | 'simNames'> | null,
): Promise<Pick<FeedChanges, 'accountId' | 'simNames'>> {
  if (account === undefined && simNames === undefined) return {}
  const bound = typeof account === 'string' ? (await accountOf(store, account)).id : null
  const accountId = account === undefined ? (known?.accountId ?? null) : bound
  const kept = account === undefined ? known?.simNames : undefined
  const changed = { accountId, simNames: simNames ?? kept ?? simNamesDefault(accountId) }
  fromFlags(() => checkSimNames(changed))
  return changed
}

export function namesToJson({ accountSid, simNames }: Feed) {
  return { account_sid: accountSid, sim_names: simNames }
}
