/**
 * A separate process that appends batches to a store, with the first SIM and feed it finds there, until
 * it is done or the store refuses. Tests start it as `node appending-process.ts URL PREFIX BATCHES
 * EVENTS`. Its last line tells how far it came.
 */
import { UsageError } from '../../../src/domain/usage-error.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import { aBatch, anEvent, anImportStart } from '../../support/builders.ts'

export interface Appended {
  /** Events whose batch was confirmed. */
  readonly acknowledged: number
  readonly failure: {
    readonly code: string
    readonly message: string
    readonly hint: string
  } | null
}

const [url = '', prefix = '', batches = '0', eventsEach = '0'] = process.argv.slice(2)

let acknowledged = 0
let failure: Appended['failure'] = null
try {
  const store = await openStore(url)
  const [sim] = await store.listSims({}, { limit: 1 })
  const [feed] = await store.listFeeds()
  const { id: importId } = await store.beginImport(anImportStart(feed!))
  for (let b = 0; b < Number(batches); b++) {
    const events = Array.from({ length: Number(eventsEach) }, (_, i) =>
      anEvent({
        simId: sim!.id,
        accountId: sim!.accountId,
        recordId: `${prefix} ${b} ${i}`,
        upload: 1,
      }),
    )
    const { counts } = await store.append(aBatch({ importId, feed: feed!, events }))
    acknowledged += counts.accepted + counts.duplicate
  }
  await store.close()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  failure = { code: error.code, message: error.message, hint: error.hint ?? '' }
}
process.stdout.write(`${JSON.stringify({ acknowledged, failure } satisfies Appended)}\n`)
