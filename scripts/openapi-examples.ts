/**
 * An example for each operation. It works on the store that `simtally demo` makes, with the operator's
 * credentials. A test sends them all, in this order.
 */
import { demoAccountSid, demoFleet } from '../src/cli/demo/fleet.ts'
import { DEMO_FEED_NAME } from '../src/cli/demo/setup.ts'

export interface Example {
  /** Values of path, query and form parameters, by name. */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  /** The body of an operation that takes no form. */
  readonly text?: string
  /** What a store needs that the demo's does not have. The values are for the reader to replace. */
  readonly needs?: string
}

const ACCOUNT = demoAccountSid(1)
const { registration: SIM } = demoFleet(1, 1)[0]!

const account = { AccountSid: ACCOUNT }
const sim = { path: { SidOrUniqueName: SIM.sid }, query: account }
const feed = { path: { name: DEMO_FEED_NAME } }
const delivery = { path: { id: `IM${'0'.repeat(32)}` }, needs: 'an import of listImports' }
const key = { path: { Sid: `SK${'0'.repeat(32)}` }, needs: 'a key of listKeys' }
const group = { path: { SidOrName: 'rooftop' }, query: account }
const fleet = { path: { FleetSidOrUniqueName: 'rooftop' }, query: account }

const RECORDS = `record_id,sim,occurred_at,plmn,upload,download
docs-1,${SIM.iccid},2026-03-01T10:00:00Z,310-260,1000,24000
`

const SIM_LIST = `iccid,friendly_name
${SIM.iccid},By the gate
8988211000000123478,In the hall
`

export const EXAMPLES: Readonly<Record<string, Example>> = {
  listUsage: { query: { ...account, GroupBy: 'country', Granularity: 'all' } },
  listAccountUsageRecords: { query: { ...account, Granularity: 'daily', PageSize: '7' } },
  listSimUsageRecords: { ...sim, query: { ...account, Granularity: 'daily', PageSize: '7' } },
  listUsageEvents: { ...sim, query: { ...account, PageSize: '5' } },
  listNetworks: { query: account },

  listSims: { query: { ...account, Search: 'meter', PageSize: '5' } },
  fetchSim: sim,
  createSim: { form: { ...account, Iccid: '8988211000000123452', FriendlyName: 'On the roof' } },
  updateSim: { ...sim, form: { FriendlyName: 'By the gate' } },
  fetchSimMembership: sim,

  registerSimList: { query: account, text: SIM_LIST },
  trySimList: { query: account, text: SIM_LIST },

  listLabelKeys: { query: account },
  listGroups: { query: account },
  createGroup: { form: { ...account, UniqueName: 'rooftop' } },
  fetchGroup: group,
  updateGroup: { ...group, form: { UniqueName: 'rooftop' } },

  listFeeds: {},
  listFeedGaps: feed,
  acceptFeedGap: {
    ...feed,
    form: { Stream: 'daily', From: '17', To: '18', By: 'Ada', Reason: 'the carrier was down' },
    needs: 'a gap of listFeedGaps',
  },
  tryDelivery: { ...feed, text: RECORDS },
  deliverRecords: { ...feed, text: RECORDS },
  retireFeed: { ...feed, form: { At: '2026-03-01', Reason: 'the contract has ended' } },
  unretireFeed: feed,

  listImports: { query: { Feed: DEMO_FEED_NAME, PageSize: '5' } },
  fetchImport: delivery,
  listQuarantine: delivery,
  recycleQuarantine: delivery,
  acceptConflict: {
    ...delivery,
    form: { Line: '2', By: 'Ada', Reason: 'the carrier confirmed it' },
    needs: 'a conflict of listQuarantine',
  },
  discardQuarantine: {
    ...delivery,
    form: { Cause: 'unknown_sim', By: 'Ada', Reason: 'test SIMs of the carrier' },
    needs: delivery.needs,
  },
  tryUndo: delivery,
  undoImport: delivery,

  listAccounts: {},
  fetchAccount: { path: { Sid: ACCOUNT } },
  updateAccount: { path: { Sid: ACCOUNT }, form: { Name: 'Demo' } },

  createAccount: { form: { Name: 'Acme', HomePlmns: '310-260', HomeCountries: 'US' } },

  listKeys: { query: account },
  createKey: { form: { ...account, Scope: 'read', Label: 'billing job' } },
  fetchKey: key,
  updateKey: { ...key, form: { Label: 'billing job, nightly' } },
  revokeKey: key,

  listActs: { query: { Kind: 'account', PageSize: '5' } },
  requestAudit: {},
  fetchAudit: {},

  listSuperSimUsageRecords: { query: { ...account, Group: 'isoCountry', Granularity: 'all' } },
  listSuperSims: { query: { ...account, PageSize: '5' } },
  fetchSuperSim: sim,
  createSuperSim: {
    form: { ...account, Iccid: '8988211000000123460', RegistrationCode: 'none' },
  },
  updateSuperSim: { ...sim, form: { Fleet: 'rooftop' } },
  listFleets: { query: account },
  createFleet: { form: { ...account, UniqueName: 'harbour' } },
  fetchFleet: fleet,
  updateFleet: { ...fleet, form: { UniqueName: 'rooftop' } },
  listSuperSimNetworks: { query: { ...account, IsoCountry: 'US' } },
  fetchSuperSimNetwork: {
    path: { NetworkSid: `HW${'0'.repeat(32)}` },
    query: account,
    needs: 'a network of listSuperSimNetworks',
  },

  fetchLiveness: {},
  fetchReadiness: {},
  fetchMetrics: {},
  fetchOpenApi: {},
  issueAccessToken: {
    form: {
      grant_type: 'client_credentials',
      client_id: `SK${'0'.repeat(32)}`,
      client_secret: '0'.repeat(32),
    },
    needs: 'a key',
  },
  signIn: { form: { sid: ACCOUNT, secret: '0'.repeat(32) }, needs: "the account's auth token" },
  fetchSession: { needs: 'a session' },
  signOut: {},
}
