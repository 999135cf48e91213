/** Scenes that take long, or need what is not on every machine: `createdb`, `jq`. */

import { execute } from '../support/postgres-schema.ts'
import { startPostgresServer } from '../support/postgres-server.ts'
import type { PageShell } from './page-shell.ts'
import { asCheckout, copyFixture, INIT, type Scene } from './scenes.ts'

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

export const LONG_SCENES: readonly Scene[] = [
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
    shows: { 'simtally init': /holds an empty store now/, 'simtally serve': /answers at/ },
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
