/**
 * A random store for random questions: accounts, SIMs that move between groups, labels and accounts, feeds
 * that deliver usage on time and late, sealed days, and an import that is undone.
 */
import { type Dice, diceOf } from '../src/cli/demo/dice.ts'
import type { Account, Feed, Sim } from '../src/domain/directory.ts'
import type { Sid, SidPrefix } from '../src/domain/identifiers.ts'
import { hashSecret } from '../src/domain/secret.ts'
import type { SimAssignment, SimGroup } from '../src/domain/sim-group.ts'
import { simNamesDefault } from '../src/domain/sim-names.ts'
import { DAY_SECONDS, formatInstant } from '../src/domain/time.ts'
import { importRecords } from '../src/ingest/import-records.ts'
import type { UsageStore } from '../src/storage/usage-store.ts'

/** The time at which the random store is asked. */
export const RANDOM_NOW = Date.UTC(2026, 2, 15, 12, 34, 56) / 1_000

const REGISTERED_AT = RANDOM_NOW - 500 * DAY_SECONDS
const ACCOUNTS = 2
const SIMS = 12
const GROUPS = 3
const FEEDS = ['hub', 'roamco']
const NETWORKS = ['310-260', '310-410', '334-020', '208-01', '901-01']
const CUSTOMERS = ['acme', 'beta', '=1+1']

export async function fillStore(store: UsageStore, seed: number): Promise<void> {
  const dice = diceOf(seed)
  const feeds: Feed[] = []
  for (const name of FEEDS) feeds.push(await store.createFeed(aFeed(name)))
  for (let n = 1; n <= ACCOUNTS; n++) await fillAccount(store, feeds, dice, n)
  for (let days = dice.below(60); days > 0 && (await store.sealNextDay(RANDOM_NOW)); days--);
  // After the seal come late records, backdated moves and an undo.
  for (const account of await store.listAccounts()) {
    const sims = await store.listSims({ accountId: account.id }, { limit: SIMS })
    const groups = await store.listGroups({ accountId: account.id }, { limit: GROUPS })
    await deliver(store, feeds[1]!, sims, dice, 60)
    await assign(store, account, { sims, groups }, dice)
    const undone = await deliver(store, feeds[0]!, sims, dice, 60)
    await store.undoImport(undone, RANDOM_NOW)
    await assign(store, account, { sims, groups }, dice)
  }
  await moveSome(store, dice)
}

/** Moves SIMs to another account, at instants of the last months, and some of them back. */
async function moveSome(store: UsageStore, dice: Dice): Promise<void> {
  const accounts = await store.listAccounts()
  for (const { id, accountId } of await store.listSims({}, { limit: ACCOUNTS * SIMS })) {
    if (!dice.chance(300)) continue
    const since = anyInstant(dice)
    const other = accounts.find((account) => account.id !== accountId)!
    await store.moveSim(id, { toAccountId: other.id, since }, RANDOM_NOW)
    if (!dice.chance(500) || since === RANDOM_NOW) continue
    const back = since + 1 + dice.below(RANDOM_NOW - since)
    await store.moveSim(id, { toAccountId: accountId, since: back }, RANDOM_NOW)
  }
}

async function fillAccount(
  store: UsageStore,
  feeds: readonly Feed[],
  dice: Dice,
  n: number,
): Promise<void> {
  const account = await store.createAccount({
    sid: sidOf('AC', n),
    name: `Account ${n}`,
    authTokenHash: hashSecret(`token ${n}`),
    home: { plmns: [NETWORKS[0] as never], countries: ['US' as never] },
    createdAt: RANDOM_NOW,
  })
  const registrations = Array.from({ length: SIMS }, (_, i) => ({
    sid: sidOf('DE', n * 1_000 + i),
    imsis: [`31026000000${n}${String(i).padStart(3, '0')}` as never],
  }))
  // Before all usage, so that a move can be dated to any of it.
  const options = { at: REGISTERED_AT, newSid: () => sidOf('DE', 0) }
  const { sims } = await store.registerSims(account.id, registrations, options)
  const groups: SimGroup[] = []
  for (let i = 0; i < GROUPS; i++) {
    const stated = { sid: sidOf('HF', n * 1_000 + i), uniqueName: i === 0 ? null : `group-${i}` }
    groups.push(await store.createGroup(account.id, { ...stated, settings: {} }, RANDOM_NOW))
  }
  await assign(store, account, { sims, groups }, dice)
  for (const feed of feeds) await deliver(store, feed, sims, dice, 150)
  await assign(store, account, { sims, groups }, dice)
}

/** Moves about half of the SIMs, at instants of the last months or from now on. */
async function assign(
  store: UsageStore,
  account: Account,
  { sims, groups }: { readonly sims: readonly Sim[]; readonly groups: readonly SimGroup[] },
  dice: Dice,
): Promise<void> {
  const assignments = sims
    .filter(() => dice.chance(500))
    .map(({ id: simId }): SimAssignment => {
      const group = groups[dice.below(groups.length + 1)]
      const customer = dice.chance(800) ? CUSTOMERS[dice.below(CUSTOMERS.length)]! : null
      return {
        simId,
        ...(dice.chance(800) && { groupId: group?.id ?? null }),
        labels: { customer, ...(dice.chance(300) && { site: `site ${dice.below(4)}` }) },
        ...(dice.chance(800) && { since: anyInstant(dice) }),
      }
    })
  await store.assignSims(account.id, assignments, RANDOM_NOW)
}

/** Returns the import. */
async function deliver(
  store: UsageStore,
  feed: Feed,
  sims: readonly Sim[],
  dice: Dice,
  records: number,
): Promise<number> {
  const lines = Array.from({ length: records }, () => {
    const record = {
      record_id: `r${dice.next()}`,
      sim: sims[dice.below(sims.length)]!.sid,
      occurred_at: formatInstant(anyInstant(dice)),
      plmn: NETWORKS[dice.below(NETWORKS.length)],
      upload: dice.below(1_000_000),
      download: dice.chance(20) ? Number.MAX_SAFE_INTEGER : dice.below(50_000_000),
      to_sim: dice.below(3),
      from_sim: dice.below(3),
    }
    return `${JSON.stringify(record)}\n`
  })
  const name = `${feed.name}-${dice.next()}`
  const source = { name, bytes: bytesOf(lines.join('')) }
  const { import: done } = await importRecords({
    ...{ store, feed, account: null, source },
    clock: () => RANDOM_NOW,
  })
  if (done.counts.accepted !== records) {
    throw new Error(`only ${done.counts.accepted} of ${records} records were accepted`)
  }
  return done.id
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** Mostly within the last forty days, otherwise within the last year; sometimes the first second of a day. */
export function anyInstant(dice: Dice, now = RANDOM_NOW): number {
  const days = dice.chance(800) ? 40 : 400
  const at = now - 3_600 - dice.below(days * DAY_SECONDS)
  return dice.chance(150) ? at - (at % DAY_SECONDS) : at
}

function aFeed(name: string) {
  return {
    name,
    format: 'ndjson' as const,
    settings: {},
    onConflict: 'reject' as const,
    defaultZone: null,
    simNames: simNamesDefault(null),
    createdAt: RANDOM_NOW,
  }
}

function sidOf(prefix: SidPrefix, n: number): Sid {
  return `${prefix}${n.toString(16).padStart(32, '0')}` as Sid
}
