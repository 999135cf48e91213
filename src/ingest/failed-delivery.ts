/** A delivery that could not even be begun. */
import type { Import } from '../domain/import.ts'
import type { UsageError } from '../domain/usage-error.ts'
import type { ImportRequest } from './import-records.ts'

/** One of the operator's. */
export interface FailedDelivery extends Pick<ImportRequest, 'store' | 'feed' | 'clock'> {
  /** Its name. */
  readonly source: string
}

/**
 * Keeps it as an import that failed, with the reason, so that it is listed and measured like one
 * that failed on its way.
 */
export async function keepFailedDelivery(
  { store, feed, source, clock }: FailedDelivery,
  failure: UsageError,
): Promise<Import> {
  const { id } = await store.beginImport({
    feedId: feed.id,
    accountId: null,
    source,
    format: feed.format,
    startedAt: clock(),
  })
  return await store.finishImport(id, {
    status: 'failed',
    finishedAt: clock(),
    checksum: null,
    error: failure.message,
  })
}
