/** Creates what the demo needs in its store: an account, a fleet and a feed. Keeps what exists. */
import type { Account, Feed } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { hashSecret, newSecret, newSid } from '../../domain/secret.ts'
import { plus } from '../../domain/sums.ts'
import { monthsBefore } from '../../domain/time.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { type DemoCredentials, demoCredentials, keepCredentials } from './credentials.ts'
import { DEMO_ACCOUNT_NAME, DEMO_HOME, type DemoSim, demoAccountSid } from './fleet.ts'

export const DEMO_FEED_NAME = 'demo'

export interface Demo {
  readonly account: Account
  readonly credentials: DemoCredentials
  readonly feed: Feed
}

export async function prepareDemo(
  store: UsageStore,
  options: {
    readonly seed: number
    readonly fleet: readonly DemoSim[]
    readonly credentialsPath: string
    readonly now: number
  },
): Promise<Demo> {
  const { seed, fleet, credentialsPath: path, now } = options
  const found = await store.findAccount(demoAccountSid(seed))
  const account = found ?? (await createDemoAccount(store, seed, { path, now }))
  const registrations = fleet.map((sim) => sim.registration)
  await store.registerSims(account.id, registrations, { at: now, newSid: () => newSid('DE') })
  return {
    account,
    credentials: await demoCredentials(store, account, { path, now }),
    feed: (await store.findFeed(DEMO_FEED_NAME)) ?? (await createDemoFeed(store, now)),
  }
}

async function createDemoAccount(
  store: UsageStore,
  seed: number,
  { path, now }: { readonly path: string; readonly now: number },
): Promise<Account> {
  const authToken = newSecret()
  const account = await store.createAccount({
    sid: demoAccountSid(seed),
    name: DEMO_ACCOUNT_NAME,
    authTokenHash: hashSecret(authToken),
    home: DEMO_HOME,
    createdAt: now,
  })
  await keepCredentials(path, account.sid, { username: account.sid, password: authToken })
  return account
}

/** Corrections are part of the demo, so on its feed the newest version of a record wins. */
function createDemoFeed(store: UsageStore, now: number): Promise<Feed> {
  return store.createFeed({
    name: DEMO_FEED_NAME,
    format: 'csv',
    settings: {},
    onConflict: 'replace',
    defaultZone: null,
    createdAt: now,
  })
}

/** Enough to find a traveller, few enough that the demo answers at once. */
const SIMS_LOOKED_AT_MAX = 250

/** The SIM with the most varied usage in the last month: most zones and countries, then most bytes. */
export async function mostTravelledSim(
  store: UsageStore,
  { account, fleet, now }: { account: Account; fleet: readonly DemoSim[]; now: number },
): Promise<Sid> {
  const start = monthsBefore(now, 1)
  let best = { sid: fleet[0]!.registration.sid, places: -1, bytes: -1 }
  for (const { registration } of fleet.slice(0, SIMS_LOOKED_AT_MAX)) {
    const sim = await store.findSim(account.id, registration.sid)
    if (sim === null) continue
    const scope = { simId: sim.id }
    const groups = await store.queryUsage({ scope, start, end: now, granularity: 'all' })
    const bytes = groups.reduce(
      (sum, { upload, download }) => sum + Number(plus(upload, download)),
      0,
    )
    const places = groups.length
    if (places > best.places || (places === best.places && bytes > best.bytes)) {
      best = { sid: sim.sid, places, bytes }
    }
  }
  return best.sid
}
