/** The speed of an import in this process, of the dataset from `dataset.ts`, on either engine. */
import { createReadStream } from 'node:fs'
import { importRecords } from '../src/ingest/import-records.ts'
import { openStore } from '../src/storage/open-store.ts'
import { createDirectory, NOW, RECORDS } from './dataset.ts'

/** Imports the CSV into the new store that the URL names. Returns records per second. */
export async function importRate(csv: string, url: string, batch: number): Promise<number> {
  const store = await openStore(url, { create: true })
  try {
    const { feed } = await createDirectory(store)
    const startedAt = performance.now()
    const { import: done } = await importRecords({
      store,
      feed,
      account: null,
      source: { name: csv, bytes: createReadStream(csv, { highWaterMark: 262_144 }) },
      clock: () => NOW,
      batchRecordsMax: batch,
    })
    const seconds = (performance.now() - startedAt) / 1000
    if (done.counts.accepted !== RECORDS) throw new Error(JSON.stringify(done.counts))
    return RECORDS / seconds
  } finally {
    await store.close()
  }
}
