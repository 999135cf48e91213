/** A delivery whose import could not even begin. */
import type { Import } from '../domain/import.ts'
import type { UsageError } from '../domain/usage-error.ts'
import type { ImportRequest } from './import-records.ts'

/** Delivered by the operator. */
export interface FailedDelivery extends Pick<ImportRequest, 'store' | 'feed' | 'clock'> {
  /** The delivery's name. */
  readonly source: string
}

/**
 * Keeps it as a failed import with the reason, so that it is listed and measured like one that failed on
 * its way.
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
