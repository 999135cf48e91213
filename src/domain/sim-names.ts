/** By which names a feed's records may identify a SIM, and whose SIMs they can mean. */
import type { Account, Feed } from './directory.ts'
import { SIM_NAME_KINDS, type SimNameKind } from './identifiers.ts'
import { invalidField, UsageError } from './usage-error.ts'

/** The default of a feed: unique names only if they are unambiguous. */
export function simNamesDefault(accountId: number | null): readonly SimNameKind[] {
  return accountId === null
    ? SIM_NAME_KINDS.filter((kind) => kind !== 'unique_name')
    : SIM_NAME_KINDS
}

/** Reads `sid,iccid`; the order does not matter. Throws `invalid`. */
export function parseSimNames(field: string, text: string): SimNameKind[] {
  const named = text.split(',').map((word) => word.trim())
  const known = SIM_NAME_KINDS.filter((kind) => named.includes(kind))
  if (named.every((word) => (SIM_NAME_KINDS as readonly string[]).includes(word))) return known
  throw invalidField(field, text, `expected some of ${SIM_NAME_KINDS.join(',')}, with commas`)
}

/**
 * Throws `invalid` for no kind at all, and for unique names on a feed that is not bound to an account.
 * Any account may give any unique name to its SIMs, and could take another's usage that way.
 */
export function checkSimNames({ simNames, accountId }: Pick<Feed, 'simNames' | 'accountId'>): void {
  if (simNames.length === 0) {
    throw new UsageError('invalid', 'sim_names is empty: records have to name their SIMs somehow')
  }
  if (!simNames.includes('unique_name') || accountId !== null) return
  throw new UsageError(
    'invalid',
    'sim_names has unique_name, but the feed is not bound to an account: a unique name is unique ' +
      'within one account only',
    { field: 'sim_names', hint: 'bind the feed to the account whose SIMs its records name' },
  )
}

/** Whose SIMs names can mean, and which kinds of name count. */
export interface NameScope {
  /** Null for SIMs of every account. */
  readonly accountId: number | null
  readonly kinds: readonly SimNameKind[]
}

/**
 * What the names in a delivery can mean: SIMs of the account whose key delivers it and of the account the
 * feed is bound to. Within its own account, a deliverer's unique names are unambiguous.
 */
export function nameScopeOf(
  { accountId, simNames }: Pick<Feed, 'accountId' | 'simNames'>,
  deliverer: Pick<Account, 'id'> | null,
): NameScope {
  if (deliverer === null) return { accountId, kinds: simNames }
  const isElsewhere = accountId !== null && accountId !== deliverer.id
  const kinds = SIM_NAME_KINDS.filter((kind) => kind === 'unique_name' || simNames.includes(kind))
  return { accountId: deliverer.id, kinds: isElsewhere ? [] : kinds }
}

const WORDS: Readonly<Record<SimNameKind, string>> = {
  sid: 'SID',
  iccid: 'ICCID',
  imsi: 'IMSI',
  msisdn: 'MSISDN',
  unique_name: 'unique name',
}

/** `SID, ICCID or IMSI`. */
export function simNamesInWords(kinds: readonly SimNameKind[]): string {
  const words = kinds.map((kind) => WORDS[kind])
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
