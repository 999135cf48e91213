/** Scenes that take long, or need what is not on every machine: `createdb`, `jq`. */

import { iccidOf, instant } from '../support/builders.ts'
import { execute } from '../support/postgres-schema.ts'
import { startPostgresServer } from '../support/postgres-server.ts'
import type { PageShell } from './page-shell.ts'
import {
  asCheckout,
  copyFixture,
  INIT,
  KEY,
  prepareServed,
  type Scene,
  SERVED,
  SID,
  TOKEN,
} from './scenes.ts'

type Server = Awaited<ReturnType<typeof startPostgresServer>>

/** Stands where pages say `db.example.com`. */
let server: Server | null = null

export async function startDatabaseServer(): Promise<void> {
  server = await startPostgresServer()
  await execute(server.url, "CREATE ROLE simtally LOGIN CREATEDB PASSWORD 'secret'")
}

export async function stopDatabaseServer(): Promise<void> {
  await server?.stop()
}

/** Without databases of scenes before. */
async function withServer(shell: PageShell): Promise<void> {
  await execute(
    server!.url,
    ...['simtally', 'usage'].map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  )
  shell.setVariable('PGHOST', '127.0.0.1')
  shell.setVariable('PGPORT', String(server!.port))
  shell.setVariable('PGUSER', 'simtally')
  shell.setVariable('PGPASSWORD', 'secret')
}

const ON_SERVER = [
  /postgres:\/\/simtally(?::[^@]+)?@db\.example\.com\//,
  () => `postgres://simtally:secret@127.0.0.1:${server!.port}/`,
] as const

/** Whatever a carrier's program or API answers comes from a file. */
const fetched = (page: string, program: RegExp, file: string, shown: RegExp): Scene => ({
  page: `docs/formats/${page}.md`,
  blocks: program,
  prepare: (shell) => copyFixture(shell, `mapped/${file}`, 'answer.json'),
  instead: [[new RegExp(`${program.source}[^|]*\\|`), 'cat answer.json |']],
  shows: { [program.source.replace(/\W/g, '')]: shown },
})

/** Where the server of the scene answers. */
const URL_SERVED = [
  /https:\/\/usage\.example\.com|http:\/\/127\.0\.0\.1:8080/,
  (printed: string) => / answers at (\S+)/.exec(printed)?.[1] ?? 'none',
] as const

/** The original's client, pointed here; `rows` is what the page calls its answer. */
function clientScene(page: string, rows: string, shown: RegExp): Scene {
  const credentials = '[process.env.ACCOUNT_SID, process.env.AUTH_TOKEN]'
  return {
    page,
    blocks: /^const client = require/,
    before: SERVED,
    prepare: async (shell) => {
      await asCheckout(shell)
      await prepareServed(shell)
      shell.setVariable('NODE_EXTRA_CA_CERTS', 'own.crt')
    },
    instead: [
      SID,
      URL_SERVED,
      // What the page leaves to its reader.
      [
        /^const client/,
        `(async () => {\nconst [accountSid, authToken] = ${credentials}\nconst client`,
      ],
      [/\n$/, `\nconsole.log(${rows}.length)\n})()\n`],
    ],
    shows: { 'const client': shown },
  }
}

export const LONG_SCENES: readonly Scene[] = [
  {
    page: 'CONTRIBUTING.md',
    blocks: /feed check --mapping kestrel\.yaml usage|mapping list/,
    prepare: async (shell) => {
      await asCheckout(shell)
      await copyFixture(shell, 'mapped/own/german.mapping.yaml', 'kestrel.yaml')
      await copyFixture(shell, 'mapped/own/german.csv', 'usage.csv')
    },
    codes: { 'npm run simtally -- feed check': 3 },
  },
  {
    page: 'docs/fleet-questions.md',
    now: instant('2026-11-10T00:00:00Z'),
    before: [
      'simtally account create --name Acme --home-plmns 310-260',
      'simtally sim import first.csv --account AC…',
    ],
    prepare: async (shell) => {
      const [header, sim] = ['iccid,unique_name', `${iccidOf(1)},truck-1`]
      await shell.write('first.csv', `${header}\n${sim}\n`)
      const places = `${sim},trackers,customer=acme site=lisbon,2026-03-01`
      await shell.write('sims.csv', `${header},group,labels,since\n${places}\n`)
    },
    instead: [SID],
    shows: {
      'simtally report --month 2026-10 --by sim': /^SIM +UPLOAD +DOWNLOAD/m,
      'simtally sim set truck-1 --group trackers': /^labels +customer=acme site=lisbon$/m,
      'simtally sim import sims.csv': /^Groups and labels: 1 changed/m,
    },
  },
  {
    page: 'README.md',
    blocks: /^import twilio/,
    before: [
      'simtally account create --name Acme',
      'simtally sim import examples/sims.csv --account AC…',
      'simtally serve',
    ],
    prepare: asCheckout,
    instead: [SID, TOKEN, URL_SERVED],
    shows: { 'import twilio': / 0$/m },
  },
  clientScene('docs/http-api.md', 'days', /^3\d$/m),
  clientScene('docs/super-sim.md', 'byCountry', /^0$/m),
  {
    page: 'docs/start/mvno.md',
    instead: [SID, KEY],
    codes: { 'simtally import carriers/usage-0001.csv': 3 },
    shows: {
      'simtally feed check': /^3 records would be counted, 0 would go to quarantine$/m,
      'simtally import carriers/usage-0001.csv carriers/usage-0003': /^ {2}duplicate +1 /m,
      'simtally import carriers/gateway': /^ {2}accepted +4 /m,
      'simtally quarantine list': /^1 +4 +unknown_sim /m,
      'simtally quarantine recycle': /^ {2}accepted +1 /m,
      'simtally usage truck-1': /^ +MEX +50,000 +90,000 +140,000 /m,
      'simtally usage meter-17': /"to_sim":0,"from_sim":1\}.*"data":\{"total":1000000,/,
      'simtally audit': / agree with \d+ ledger rows/,
      curl: /"usage_records":\[\{"account_sid":"AC/,
    },
  },
  {
    page: 'docs/start/fleet.md',
    instead: [SID, KEY],
    shows: {
      'simtally mapping list': /^emnify: /m,
      'simtally feed check': /^3 records would be counted/m,
      'simtally import --watch drop': / accepted +3 /,
      curl: /"accepted":0,"duplicate":3,/,
      'simtally report --by sim': /^total +350,000 +1,650,000 /m,
      'simtally report --by label:site': /main-street/,
      'simtally usage meter-25': /"data":\{"total":1000000,/,
    },
  },
  {
    page: 'docs/start/migrate.md',
    prepare: asCheckout,
    instead: [TOKEN, URL_SERVED],
    shows: {
      'simtally sim import': /^SIMs: 2 created/m,
      'simtally sim show': /DE00000000000000000000000000000017/,
      'simtally import carriers/events': /^ {2}accepted +3 /m,
      'import twilio': /^3\d bytes$/m,
      curl: /"sim_sid":"DE00000000000000000000000000000017"/,
    },
  },
  {
    page: 'CONTRIBUTING.md',
    blocks: /npx node --test test/,
    prepare: asCheckout,
    shows: { 'npx node --test test': /pass [1-9]/, 'npx node --test --test-name': /pass [1-9]/ },
  },
  {
    page: 'README.md',
    blocks: /createdb simtally/,
    prepare: withServer,
    instead: [ON_SERVER],
    inBash: true,
    shows: { 'simtally init': /now has an empty store/, 'simtally serve': /answers at/ },
  },
  {
    page: 'docs/storage.md',
    blocks: /^simtally init --database postgres/,
    before: ['createdb simtally'],
    prepare: withServer,
    instead: [ON_SERVER],
  },
  {
    page: 'docs/storage.md',
    blocks: /write_retry_ms/,
    before: [
      'createdb usage',
      'simtally init --database postgres://simtally@db.example.com/usage',
      'simtally feed create hub --format csv --database postgres://simtally@db.example.com/usage',
    ],
    prepare: async (shell) => {
      await withServer(shell)
      await copyFixture(shell, 'canonical/one-record.csv', 'usage.csv')
    },
    instead: [ON_SERVER],
    // Its SIM is not registered.
    codes: { 'simtally import usage.csv': 3 },
  },
  {
    page: 'docs/storage.md',
    blocks: /migrate --from sqlite/,
    before: [...INIT, 'simtally account create --name Acme'],
    prepare: withServer,
    instead: [ON_SERVER],
    shows: { 'simtally serve': /answers at/ },
  },
  fetched('1nce-statistics', /^curl/, '1nce-statistics/days.json', /"iccid":"8988280000000000013"/),
  fetched('cisco-control-center', /^curl/, 'cisco-control-center/ctd-usages.json', /"readAt":"20/),
  fetched('soracom', /^soracom/, 'soracom/api.json', /"imsi":"440100000000001"/),
]
