/** Deletes quarantined records that will never be counted. */
import type { QuarantineEntry, QuarantineReason } from '../domain/import.ts'
import type { UsageStore } from '../storage/usage-store.ts'

/** How many are deleted in one transaction, and logged as one act. */
const PAGE_ENTRIES = 1000

export interface DiscardRequest {
  readonly store: Pick<UsageStore, 'listQuarantine' | 'discardQuarantine'>
  readonly filter: {
    readonly importId?: number
    readonly feedId?: number
    readonly reason?: QuarantineReason
    readonly line?: number
  }
  readonly decision: { readonly by: string; readonly reason: string }
}

/** In order of arrival, page by page. Each is gone for good when it is yielded. */
export async function* discardRecords({
  store,
  filter: { line, ...filter },
  decision,
}: DiscardRequest): AsyncGenerator<{
  readonly entries: readonly QuarantineEntry[]
  /** How many of them were still there. */
  readonly discarded: number
}> {
  for (let afterId = 0; ; ) {
    const page = await store.listQuarantine(filter, { limit: PAGE_ENTRIES, afterId })
    if (page.length === 0) return
    afterId = page.at(-1)!.id
    const entries = line === undefined ? page : page.filter((entry) => entry.line === line)
    if (entries.length === 0) continue
    const ids = entries.map(({ id }) => id)
    yield { entries, discarded: await store.discardQuarantine(ids, decision) }
  }
}
