/**
 * Small deliveries as real sources write them, each with what it has to come to: imported by the road
 * that every delivery takes, into a store of one account at home in 310-260 and the US.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { HomeSet } from '../../src/domain/classification.ts'
import type { Feed, FeedSettings, Sim } from '../../src/domain/directory.ts'
import { shown } from '../../src/domain/usage-error.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import { aSim, imsiOf, msisdnOf, NOW, newSimSid } from '../support/builders.ts'
import { IngestFixture } from '../support/ingest-fixture.ts'

export type FeedSetUp = Pick<Feed, 'format'> &
  Partial<Pick<Feed, 'settings' | 'onConflict' | 'defaultZone'>>

/** What the SIM of a case goes by. */
export interface CaseSim {
  readonly iccid: string
  readonly imsi: string
  readonly msisdn: string
}

/** Several deliveries come one after the other, by the same feed. */
export type Deliveries = string | Uint8Array | readonly (string | Uint8Array)[]

export interface Case {
  /** What the source does, as the end of a sentence that says what comes of it. */
  readonly name: string
  readonly feed?: FeedSetUp
  readonly content: (sim: CaseSim) => Deliveries
  /** What the SIM has used afterwards: `zone country upload/download/to_sim/from_sim`. */
  readonly used: readonly string[]
  /** `line reason` of what waits in quarantine, of all deliveries. */
  readonly waits?: readonly string[]
  /** Has to be in the reason of each record that waits, or in the error and the remedy of a delivery that failed. */
  readonly says?: RegExp
  /** Each has to be in one of the warnings. */
  readonly warns?: readonly RegExp[]
  /** Where the SIM is at home, where it is not the account's home. */
  readonly home?: Partial<HomeSet>
}

/** All that was used at home, as `used` states it. */
export function atHome(upload: number, download: number, toSim = 0, fromSim = 0): string[] {
  return [`home US ${upload}/${download}/${toSim}/${fromSim}`]
}

/** A feed that reads by a ready mapping, or by one of its own. */
export function mapped(settings: FeedSettings): { readonly feed: FeedSetUp } {
  return { feed: { format: 'mapped', settings } }
}

export function jsonLines(...objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}

export interface CaseGroup {
  readonly title: string
  /** Of cases that do not state their own. */
  readonly feed: FeedSetUp
  readonly cases: readonly Case[]
}

/** All on one store, each with a feed and a SIM of its own. */
export function describeCases(groups: readonly CaseGroup[]): void {
  let fixture: IngestFixture
  before(async () => {
    fixture = await IngestFixture.open()
  })
  after(() => fixture.close())

  let n = 1_000
  for (const { title, feed, cases } of groups) {
    describe(title, () => {
      for (const one of cases) it(one.name, () => check(fixture, { feed, ...one }, n++))
    })
  }

  it('all numbers of the store agree afterwards', () => fixture.assertAuditClean())
}

async function check(fixture: IngestFixture, one: Case & { readonly feed: FeedSetUp }, n: number) {
  const sim = await register(fixture, one, n)
  const { defaultZone = null, settings = {}, ...stated } = one.feed
  CDR_FORMATS[stated.format].checkSettings(settings)
  const feed = await fixture.newFeed({ ...stated, settings, defaultZone })
  const content = one.content({ iccid: sim.iccid!, imsi: sim.imsis[0]!, msisdn: sim.msisdn! })
  const deliveries =
    typeof content === 'string' || content instanceof Uint8Array ? [content] : content
  const waits: string[] = []
  const warnings: string[] = []
  for (const delivery of deliveries) {
    const done = await fixture.deliver(feed, delivery)
    warnings.push(...done.warnings)
    const { status, error } = done.import
    if (status !== 'done') {
      waits.push(status)
      const told = `${error}; ${done.hint}`
      assert.match(told, one.says!, told)
    }
    for (const { line, reason, detail } of await fixture.store.listQuarantine(
      { importId: done.import.id },
      { limit: 1_000 },
    )) {
      waits.push(`${line} ${reason}`)
      if (one.says !== undefined) assert.match(detail, one.says)
    }
  }
  const used = await fixture.usage(sim)
  assert.deepEqual(used, one.used)
  assert.deepEqual(waits, one.waits ?? [])
  for (const warned of one.warns ?? []) {
    assert.ok(
      warnings.some((warning) => warned.test(warning)),
      shown(warnings.join('\n')),
    )
  }
}

async function register(fixture: IngestFixture, { home = {} }: Case, n: number): Promise<Sim> {
  const options = { at: NOW, newSid: newSimSid }
  const registration = aSim({ imsis: [imsiOf(n)], msisdn: msisdnOf(n), home })
  return fixture.store.createSim(fixture.account.id, registration, options)
}
