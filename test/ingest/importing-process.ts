/**
 * A process of its own that imports made-up records into a new store, and prints the largest memory
 * it ever held, in MiB. Started by tests as `node importing-process.ts URL RECORDS`.
 */

import { formatInstant } from '../../src/domain/time.ts'
import { importRecords } from '../../src/ingest/import-records.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { aFeed, anAccount, iccidOf, NOW, newSimSid } from '../support/builders.ts'

const SIMS = 500
/** Lines in a piece, as a file is read in pieces. */
const LINES_EACH = 2_000

const [url = '', records = '0'] = process.argv.slice(2)

async function* delivery(): AsyncIterable<Uint8Array> {
  yield Buffer.from('record_id,sim,occurred_at,plmn,upload,download,note\n')
  for (let from = 0; from < Number(records); from += LINES_EACH) {
    const lines = Array.from({ length: LINES_EACH }, (_, i) => {
      const at = formatInstant(NOW - 30 * 86_400 + Math.floor((from + i) / SIMS))
      return `r-${from + i},${iccidOf((from + i) % SIMS)},${at},310-260,${i},${from},a note\n`
    })
    yield Buffer.from(lines.join(''))
  }
}

const store = await openStore(url, { create: true })
const account = await store.createAccount(anAccount())
const registrations = Array.from({ length: SIMS }, (_, i) => ({ iccid: iccidOf(i) }))
await store.registerSims(account.id, registrations, { at: NOW, newSid: newSimSid })
const feed = await store.createFeed(aFeed())
const source = { name: 'made up', bytes: delivery() }
const summary = await importRecords({ store, feed, account: null, source, clock: () => NOW })
await store.close()
const { counts } = summary.import
const largestMib = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ accepted: counts.accepted, largestMib }))
