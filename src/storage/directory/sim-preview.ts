/** What registering a list of SIMs would do, by the same decisions but without writing. */
import type { SimRegistration } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { SimPreview } from '../fleet-store.ts'
import type { Steps } from '../session.ts'
import * as reads from './reads.ts'
import { SimRegistry } from './sim-registry.ts'
import { simsNamedBy } from './writes.ts'

export function* previewSims(
  accountId: number,
  registrations: readonly SimRegistration[],
): Steps<SimPreview[]> {
  const owner = yield* reads.accountById(accountId)
  const registry = new SimRegistry(yield* simsNamedBy(accountId, registrations))
  return registrations.map((registration, index) => {
    // No SIM has such a SID, and nobody ever sees it.
    const sid = `new ${index}` as Sid
    try {
      return { effect: registry.register(owner, registration, { at: 0, sid, index }) }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      return { conflict: error }
    }
  })
}
