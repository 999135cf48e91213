/** Finds the SIM that a person names by any name that records may use. */
import type { Account, Sim } from '../domain/directory.ts'
import { SIM_NAME_KINDS } from '../domain/identifiers.ts'
import type { HeldSim } from '../domain/sim-tenure.ts'
import { shown, UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'

/**
 * By SID, unique name, ICCID, IMSI or MSISDN, within the account if one is given. A unique name that SIMs of
 * several accounts share is found only with an account.
 */
export async function findNamedSim(
  store: UsageStore,
  name: string,
  account: Account | null,
): Promise<Sim> {
  const byName = await store.findSim(account?.id ?? null, name)
  const sim = byName ?? (await simWithNumber(store, name, account))
  const isOwn = account === null || sim?.accountId === account.id
  if (sim !== null && isOwn) return sim
  throw noSim(name, account)
}

/** As `findNamedSim`, but also finds a SIM that has left the account, limited to its time there. */
export async function findHeldNamedSim(
  store: UsageStore,
  name: string,
  account: Account | null,
): Promise<HeldSim> {
  const accountId = account?.id ?? null
  const byName = await store.findHeldSim(accountId, name)
  if (byName !== null) return byName
  const sim = await simWithNumber(store, name, account)
  const held = sim === null ? null : await store.findHeldSim(accountId, sim.sid)
  if (held !== null) return held
  throw noSim(name, account)
}

/** In whichever account the SIM is now. */
async function simWithNumber(
  store: UsageStore,
  name: string,
  account: Account | null,
): Promise<Sim | null> {
  const match = (
    await store.resolveSims([name], { accountId: account?.id ?? null, kinds: SIM_NAME_KINDS })
  ).get(name)
  if (match === undefined) return null
  const [sim] = await store.listSims({}, { afterId: match.simId - 1, limit: 1 })
  return sim?.id === match.simId ? sim : null
}

function noSim(name: string, account: Account | null): UsageError {
  return new UsageError('not_found', `there is no SIM ${shown(name)}`, {
    hint:
      'simtally sim list shows the existing ones' +
      (account === null ? '; --account distinguishes SIMs of several accounts with one name' : ''),
  })
}
