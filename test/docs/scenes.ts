/** What the commands of each page need, what they end with, and which of them nobody can run here. */
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { iccidOf, NOW } from '../support/builders.ts'
import { makeCertificate } from '../support/certificate.ts'
import type { PageShell } from './page-shell.ts'
import { ROOT } from './pages.ts'

/** Some blocks of a page, which are run in their order. */
export interface Scene {
  /** Or all that it fits. */
  readonly page: string | RegExp
  /** Blocks that it fits; all of the page without it. */
  readonly blocks?: RegExp
  /** UTC seconds; the clock of the machine without it. */
  readonly now?: number
  /** Run before, the same way. */
  readonly before?: readonly string[]
  readonly prepare?: (shell: PageShell) => Promise<void>
  /** What stands for something else: a text, or what it is by what was printed so far. */
  readonly instead?: readonly (readonly [RegExp, string | ((printed: string) => string)])[]
  /** By the beginning of a command; 0 for all others. */
  readonly codes?: Readonly<Record<string, number>>
  /** What the output of a command has, by its beginning. */
  readonly shows?: Readonly<Record<string, RegExp>>
  /** Every command is a process of its own. */
  readonly inBash?: boolean
}

export const INIT = ['simtally init']

/** A server behind HTTPS, for an account with one SIM. */
export const SERVED = [
  'simtally account create --name Acme --home-plmns 310-260',
  'simtally sim import sims.csv --account AC…',
  'simtally feed create hub --format csv',
  'simtally key create --operator --scope ingest --json',
  'simtally serve --tls-cert own.crt --tls-key own.key',
]

export async function prepareServed(shell: PageShell): Promise<void> {
  await makeCertificate(shell.path('own'))
  await shell.write('sims.csv', `iccid,unique_name\n${iccidOf(1)},tracker-1\n`)
}

/** The SID that was printed last. */
export const SID = [
  /AC…/,
  (printed: string) => printed.match(/AC[0-9a-f]{32}/g)?.at(-1) ?? 'none',
] as const

/** Credentials that pages only hint at. */
export const KEY = [
  /SK…:the secret/,
  (printed: string) => {
    const sid = printed.match(/SK[0-9a-f]{32}/g)?.at(-1)
    return `${sid}:${printed
      .match(/^secret +(\S+)$|"secret":"([^"]+)"/m)
      ?.slice(1)
      .join('')}`
  },
] as const

export const TOKEN = [
  /the auth token/,
  (printed: string) => /^auth token +(\w+)$/m.exec(printed)?.[1] ?? 'none',
] as const

/** Quick ones. */
export const SCENES: readonly Scene[] = [
  {
    page: 'README.md',
    blocks: /alias simtally/,
    prepare: asCheckout,
    instead: [SID],
    codes: { 'simtally import usage.csv': 3 },
    shows: {
      'simtally sim import': /^SIMs: 3 created/m,
      'simtally import usage.csv': /^ {2}accepted +5 (?:.*\n)+ {2}quarantined +1 /m,
      'simtally usage truck-1': /^all +total, open +250,000 +880,000 +1,130,000 /m,
      'simtally event list truck-1': /T\S+Z .* roamco /,
      'simtally serve': /^Simtally answers at http:\/\/127\.0\.0\.1:\d+$/m,
    },
  },
  {
    page: 'docs/command-line.md',
    prepare: (shell) => shell.write('.config/fish/completions/none', ''),
  },
  {
    page: 'docs/deployment.md',
    blocks: /simtally serve --host/,
    before: INIT,
    prepare: async (shell) => {
      const { cert, key } = await makeCertificate(shell.path('own'))
      await shell.write('fullchain.pem', cert)
      await shell.write('privkey.pem', key)
    },
    instead: [[/--host 0\.0\.0\.0 --port 8443/, '--port 0']],
    shows: { 'simtally serve': /answers at https:/ },
  },
  {
    page: 'docs/deployment.md',
    blocks: /simtally restore day-1/,
    before: [...INIT, 'simtally backup day-1.db'],
  },
  {
    page: 'docs/drop-folder.md',
    before: [
      ...INIT,
      ...['roamco', 'acme', 'others'].map((name) => `simtally feed create ${name} --format csv`),
    ],
    prepare: async (shell) => {
      for (const folder of ['roamco', 'drop', 'carriers/acme']) {
        await shell.write(`srv/${folder}/.keep`, '')
      }
    },
    instead: [[/\/srv\//, './srv/']],
  },
  {
    page: 'docs/versions.md',
    before: INIT,
    shows: { 'simtally migrate': /there was nothing to do/ },
  },
  {
    page: 'docs/storage.md',
    blocks: /simtally backup \/backups/,
    before: INIT,
    prepare: (shell) => shell.write('backups/.keep', ''),
    instead: [[/\/backups\//, './backups/']],
  },
  {
    page: 'docs/http-api.md',
    blocks: /^curl/,
    now: NOW,
    before: SERVED.map((command) => command.replace('--scope ingest', '--scope admin')),
    prepare: async (shell) => {
      await prepareServed(shell)
      const usage = `record_id,sim,occurred_at,plmn,upload\na,${iccidOf(1)},2026-03-14,310-260,7\n`
      await shell.write('usage.csv.gz', gzipSync(usage))
    },
    instead: [SID],
    shows: {
      'curl -u "$ACCOUNT_SID': /"usage_records":\[\{.*"sim_sid":"DE/,
      'curl -u "$KEY_SID:$KEY_SECRET" -H': /"unchanged":1,.*"preview":\[/,
      'curl -u "$KEY_SID': /"status":"done".*"accepted":1,/,
    },
  },
  {
    page: 'docs/super-sim.md',
    blocks: /^curl/,
    now: NOW,
    before: [
      'simtally account create --name Acme --home-plmns 310-260',
      'simtally serve --tls-cert own.crt --tls-key own.key',
    ],
    prepare: (shell) => makeCertificate(shell.path('own')).then(() => {}),
    instead: [SID],
    shows: { 'curl -u "$ACCOUNT_SID': /"usage_records":\[\],.*\/supersim\/v1\/UsageRecords\?/ },
  },
  {
    page: 'docs/formats/mapped.md',
    prepare: async (shell) => {
      await copyFixture(shell, 'mapped/own/german.mapping.yaml', 'm.yaml')
      await copyFixture(shell, 'mapped/own/german.csv', 'sample.csv')
      const usage = await readFile(join(ROOT, 'test/fixtures/mapped/own/german.csv'))
      for (const day of [1, 2]) await shell.write(`usage-${day}.csv.gz`, gzipSync(usage))
    },
    before: INIT,
    codes: { 'simtally feed check': 3, 'simtally import usage-*': 3 },
  },
  {
    page: /^docs\/formats\//,
    blocks: /^simtally feed create/,
    before: INIT,
    // Pages of one carrier use one name, and so would all of them in one store.
    instead: [[/feed create [\w-]+/, (printed) => `feed create feed-${printed.length}`]],
  },
]

/** What is not run, and why: beginnings of commands. */
export const NOT_RUN: readonly {
  readonly pages: readonly string[]
  readonly commands: readonly string[]
  readonly why: string
}[] = [
  {
    pages: ['README.md', 'docs/deployment.md'],
    commands: ['npm pack', 'npm install', 'simtally demo', 'simtally --version'],
    why: 'installs for the whole machine: test/package/installed.long.ts does the same in a folder',
  },
  {
    pages: ['README.md', 'CONTRIBUTING.md'],
    commands: ['npm ci'],
    why: 'brings packages from the registry: test/package/checkout.long.ts does so in a copy',
  },
  {
    pages: ['docs/programs.md'],
    commands: ['import { answerOf', 'import Fastify'],
    why: 'needs the package: test/package/installed.long.ts runs both where it is installed',
  },
  {
    pages: ['CONTRIBUTING.md'],
    commands: ['npm run dev'],
    why: 'test/scripts/dev.long.ts runs it',
  },
  {
    pages: ['CONTRIBUTING.md'],
    commands: ['npm test', 'npm run test:long', 'npm run check'],
    why: 'the tests cannot run all tests',
  },
  {
    pages: ['CONTRIBUTING.md'],
    commands: ['npm run format'],
    why: 'changes the files of this checkout',
  },
  {
    pages: ['CONTRIBUTING.md'],
    commands: ['npx node --test --watch', 'npx node --inspect-brk'],
    why: 'waits for somebody who edits or debugs',
  },
  {
    pages: ['CONTRIBUTING.md'],
    commands: [
      'npx node --test --test-name-pattern=kestrel',
      'npm run simtally -- mapping show kestrel',
      'npm run simtally -- feed check --mapping kestrel ',
    ],
    why: 'of a carrier that does not exist',
  },
  {
    pages: ['docs/deployment.md'],
    commands: ['useradd', 'install --directory', 'cp "$(npm root', 'systemctl'],
    why: 'changes the machine, and needs systemd: test/deploy/units.long.ts reads the units',
  },
  {
    pages: ['docs/deployment.md'],
    commands: ['docker build', 'docker compose'],
    why: 'needs a container engine: test/deploy/image.long.ts takes the steps of the image without one',
  },
  {
    pages: ['docs/deployment.md'],
    commands: ['pkill -HUP'],
    why: 'looks among all processes of the machine: test/cli/tls.test.ts sends the signal to its own',
  },
  {
    pages: ['docs/storage.md'],
    commands: [
      ...['pg_dump', 'pg_restore', 'createdb -O simtally restored', 'vacuumdb'],
      ...['simtally audit --database postgres://simtally@db.example.com/restored'],
      ...['pg_basebackup', 'pg_verifybackup'],
    ],
    why: 'needs the tools of the version of the server, which no package of npm has: the page says when they were run',
  },
  {
    pages: ['docs/storage.md'],
    commands: [
      'simtally migrate --database postgres://simtally@10.0.0.1/',
      'simtally audit --database postgres://simtally@10.0.0.1/',
    ],
    why: 'needs a cluster: test/storage/citus/spread-later.test.ts migrates one where there is one',
  },
]

/** Puts what commands of a checkout need into the folder. */
export async function asCheckout(shell: PageShell): Promise<void> {
  for (const name of ['bin', 'src', 'test', 'node_modules', 'package.json', 'tsconfig.json']) {
    await symlink(join(ROOT, name), shell.path(name))
  }
}

export async function copyFixture(shell: PageShell, fixture: string, name: string): Promise<void> {
  await shell.write(name, await readFile(join(ROOT, 'test/fixtures', fixture)))
}
