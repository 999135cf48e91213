/**
 * Simtally itself. The command `simtally import` loads deliveries (`../parts/imports.ts`). This file has what
 * comes before and after: the directory, and questions to the store in this process.
 */

import { openStore } from '../../src/storage/open-store.ts'
import { createAccountAndFeed, iccid, NOW, simSid } from '../dataset.ts'
import type { Answer, AnswerRow, Fleet, Question } from '../workload.ts'
import type { Asking, Peer } from './peer.ts'

const SIMS_AT_ONCE = 10_000
const ZONES = ['home', 'national_roaming', 'international_roaming']

export class Simtally implements Peer {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async prepare({ sims }: Fleet): Promise<void> {
    const store = await openStore(this.#url, { create: true })
    const { account } = await createAccountAndFeed(store)
    for (let from = 0; from < sims; from += SIMS_AT_ONCE) {
      const some = Array.from({ length: Math.min(SIMS_AT_ONCE, sims - from) }, (_, i) => ({
        sid: simSid(from + i),
        iccid: iccid(from + i),
      }))
      await store.registerSims(account.id, some, { at: NOW, newSid: () => simSid(0) })
    }
    await store.close()
  }

  load(): Promise<void> {
    throw new Error('deliveries to Simtally are loaded by its own command')
  }

  async open(): Promise<Asking> {
    const store = await openStore(this.#url)
    const [account] = await store.listAccounts()
    const ids = new Map<number, number>()
    for (let last: number | undefined, seen = 0; ; ) {
      const page = { limit: 1_000, ...(last === undefined ? {} : { afterId: last }) }
      const sims = await store.listSims({ accountId: account!.id }, page)
      for (const { id } of sims) ids.set(seen++, id)
      if (sims.length < page.limit) break
      last = sims.at(-1)!.id
    }
    return {
      answer: async ({ sim, granularity, start, end }: Question): Promise<Answer> => {
        const scope = sim === null ? { accountId: account!.id } : { simId: ids.get(sim)! }
        const groups = await store.queryUsage({ scope, granularity, start, end })
        return groups.map((group): AnswerRow => {
          const { bucketStart, zone, country, upload, download, toSim, fromSim } = group
          const sums = [upload, download, toSim, fromSim].map(Number)
          return [bucketStart, ZONES.indexOf(zone), country ?? '', ...sums] as unknown as AnswerRow
        })
      },
      records: async () => {
        const imports = await store.listImports({}, { limit: 100 })
        return imports.reduce((sum, { counts }) => sum + counts.accepted, 0)
      },
      close: () => store.close(),
    }
  }
}
