/** SIMs that move between fleets and use something in several countries, for tests of the Super SIM API. */
import type { Schema } from '../../src/client/client.ts'
import type { Sim } from '../../src/domain/directory.ts'
import { newSid } from '../../src/domain/secret.ts'
import type { SimGroup } from '../../src/domain/sim-group.ts'
import type { AnswerTo } from './answers.ts'
import { instant, NOW, sidOf } from './builders.ts'
import { HttpFixture, type RequestOptions, type TestAccount } from './http-fixture.ts'

export interface SuperSimWorld {
  readonly fixture: HttpFixture
  /** `roamer` was in the fleet `eu` up to 10 March and has been in `us` since; `fixed` is in none. */
  readonly sims: Readonly<Record<'roamer' | 'fixed', Sim>>
  readonly fleets: Readonly<Record<'eu' | 'us', SimGroup>>
  readonly other: TestAccount
  readonly otherFleet: SimGroup
  readonly otherSim: Sim
}

export const NETWORKS = {
  home: 'HW00000000000000000000000000310260',
  france: 'HW0000000000000000000000000020801f',
  mexico: 'HW00000000000000000000000000334020',
} as const

/** When `roamer` moves. */
export const MOVED_AT = instant('2026-03-10T00:00:00Z')

export async function openSuperSimWorld(): Promise<SuperSimWorld> {
  const fixture = await HttpFixture.open()
  const { store } = fixture
  const accountId = fixture.owner.account.id
  const aFleet = (owner: number, uniqueName: string) =>
    store.createGroup(owner, { sid: newSid('HF'), uniqueName, settings: {} }, NOW)

  const other = await fixture.addAccount()
  const otherSim = await fixture.addSim({ sid: sidOf('HS', 9), uniqueName: 'theirs' }, other)
  const otherFleet = await aFleet(other.account.id, 'their fleet')
  const roamer = await fixture.addSim({ sid: sidOf('HS', 1), uniqueName: 'roamer' })
  const fixed = await fixture.addSim({ sid: sidOf('HS', 2), uniqueName: 'fixed' })
  const [eu, us] = [await aFleet(accountId, 'eu fleet'), await aFleet(accountId, 'us fleet')]
  await store.assignSims(accountId, [{ simId: roamer.id, groupId: eu.id, since: 0 }], NOW)
  await store.assignSims(accountId, [{ simId: roamer.id, groupId: us.id, since: MOVED_AT }], NOW)

  await fixture.use(otherSim, '2026-03-12T10:00:00Z', { upload: 999_999 })
  await fixture.use(roamer, '2026-03-05T10:15:00Z', { plmn: '208-01', upload: 10, download: 100 })
  await fixture.use(roamer, '2026-03-09T23:59:59Z', { download: 2_000 })
  await fixture.use(roamer, '2026-03-10T00:00:00Z', { download: 30_000 })
  await fixture.use(roamer, '2026-03-12T10:30:00Z', { plmn: '334-020', upload: 5 })
  await fixture.use(fixed, '2026-03-12T10:45:00Z', { upload: 400_000, to_sim: 3 })
  await fixture.use(fixed, '2026-03-15T11:59:59Z', { download: 6_000_000 })
  return { fixture, sims: { roamer, fixed }, fleets: { eu, us }, other, otherFleet, otherSim }
}

/** The records of an answer, which has to be 200. */
export function recordsOf({ status, body, text }: AnswerTo<'/supersim/v1/UsageRecords'>) {
  if (status !== 200) throw new Error(text)
  return body.usage_records
}

/** All records of a question, page by page. */
export async function allRecords(
  fixture: HttpFixture,
  query: string,
  options: RequestOptions = {},
): Promise<Schema<'SuperSimUsageRecord'>[]> {
  const found: Schema<'SuperSimUsageRecord'>[] = []
  for await (const answer of fixture.pages(`/supersim/v1/UsageRecords?${query}`, options)) {
    found.push(...recordsOf(answer))
  }
  return found
}
