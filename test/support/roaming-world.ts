/** A separate roaming feed and SIM for a test. */
import type { Feed, Sim } from '../../src/domain/directory.ts'
import type { ImportSummary } from '../../src/ingest/import-records.ts'
import { aSim, imsiOf, msisdnOf, NOW, newSimSid } from './builders.ts'
import type { IngestFixture } from './ingest-fixture.ts'
import { gprsCall, type TapData } from './tap3-writer.ts'

export interface RoamingWorld {
  readonly feed: Feed
  readonly sim: Sim
  readonly imsi: string
  /** A data event of the SIM; each call is another session unless it says which. */
  data(stated?: TapData): ReturnType<typeof gprsCall>
  deliver(
    content: Uint8Array,
    options?: Parameters<IngestFixture['deliver']>[2],
  ): Promise<ImportSummary>
  usage(): Promise<string[]>
}

let serial = 5_000
export async function newRoamingWorld(
  fixture: IngestFixture,
  stated: Partial<Omit<Feed, 'id'>> = {},
): Promise<RoamingWorld> {
  const imsi = imsiOf(++serial)
  const feed = await fixture.newFeed({ format: 'tap3', ...stated })
  const registration = aSim({ imsis: [imsi], msisdn: msisdnOf(serial) })
  const options = { at: NOW, newSid: newSimSid }
  const sim = await fixture.store.createSim(fixture.account.id, registration, options)
  return {
    feed,
    sim,
    imsi,
    data: (event = {}) =>
      gprsCall({ imsi, incoming: 200, outgoing: 10, chargingId: ++serial, ...event }),
    deliver: (content, options) => fixture.deliver(feed, content, options),
    usage: () => fixture.usage(sim),
  }
}
