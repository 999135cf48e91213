/** Finds the SIM a person names, by any of the names that records may use. */
import type { Account, Sim } from '../domain/directory.ts'
import { SIM_NAME_KINDS } from '../domain/identifiers.ts'
import { shown, UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'

/**
 * By SID, unique name, ICCID, IMSI or MSISDN, within the account where one is given. A unique name
 * that SIMs of several accounts have is found only with an account.
 */
export async function findNamedSim(
  store: UsageStore,
  name: string,
  account: Account | null,
): Promise<Sim> {
  const byName = await store.findSim(account?.id ?? null, name)
  if (byName !== null) return byName
  const match = (
    await store.resolveSims([name], { accountId: account?.id ?? null, kinds: SIM_NAME_KINDS })
  ).get(name)
  if (match !== undefined) {
    const [sim] = await store.listSims(
      { accountId: match.accountId },
      { afterId: match.simId - 1, limit: 1 },
    )
    if (sim?.id === match.simId) return sim
  }
  throw new UsageError('not_found', `there is no SIM ${shown(name)}`, {
    hint:
      'simtally sim list shows those there are' +
      (account === null ? '; --account tells SIMs of several accounts with one name apart' : ''),
  })
}
