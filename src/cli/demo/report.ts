/** What the demo prints: what became of its feed, and how to ask for usage. */

import type { Sid } from '../../domain/identifiers.ts'
import { type Import, recordCount } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import type { ImportSummary } from '../../ingest/import-records.ts'
import type { CliContext } from '../context.ts'
import { countOf, formatCount, formatDuration } from '../quantity-text.ts'
import { textTable } from '../text-table.ts'
import type { DemoFeedShape } from './deliveries.ts'
import type { Demo } from './setup.ts'

export async function printDemoImport(
  { stdout }: CliContext,
  result: {
    readonly shape: DemoFeedShape
    readonly summary: ImportSummary
    readonly elapsedMs: number
  },
): Promise<void> {
  const { shape, summary, elapsedMs } = result
  const fleet = `${countOf(shape.fleet.length, 'SIM')}, ${countOf(shape.days, 'day')}`
  const records = countOf(recordCount(summary.import.counts), 'record')
  await stdout.line(`The demo's fleet: ${fleet} of usage until ${formatInstant(shape.until)}`)
  await stdout.line(`Imported ${records} in ${formatDuration(elapsedMs)}:`)
  await stdout.line(verdicts(summary.import))
}

function verdicts({ counts }: Import): string[] {
  const rows = [
    ['accepted', counts.accepted, 'counted, including the 2 % that came hours to weeks late'],
    ['duplicate', counts.duplicate, 'delivered before, counted once'],
    ['replaced', counts.replaced, 'corrections: the newest version counts'],
    ['quarantined', counts.quarantined, 'of unregistered SIMs, in quarantine'],
    ['expired', counts.expired, 'older than the retention'],
  ] as const
  return textTable(
    rows.map(([verdict, count, meaning]) => [`  ${verdict}`, formatCount(count), meaning]),
    ['left', 'right'],
  )
}

export interface DemoAccess {
  /** Null if nothing is served. */
  readonly url: string | null
  /** A sign-in link to the console; null likewise. */
  readonly link: string | null
  readonly demo: Demo
  readonly simSid: Sid
  readonly credentialsPath: string
  readonly databaseUrl: string
}

export async function printDemoAccess({ stdout }: CliContext, access: DemoAccess): Promise<void> {
  const { url, link, demo, simSid, credentialsPath, databaseUrl } = access
  const { username, password } = demo.credentials
  await stdout.line([
    '',
    `Credentials (kept in ${credentialsPath}):`,
    `  username  ${username}`,
    `  password  ${password}`,
    '',
  ])
  if (url === null) {
    await stdout.line(['To serve it:', `  npx simtally serve --database ${databaseUrl}`, ''])
    return
  }
  await stdout.line([
    `Simtally answers at ${url}`,
    '',
    'The console, with a link that works once, within ten minutes:',
    `  ${link}`,
    `  (another one: npx simtally console link --operator --public-url ${url} --database ${databaseUrl})`,
    '',
    "A SIM's month, the same by day, and the whole account:",
    ...curlLines(access).map((line) => `  ${line}`),
    '',
    'On the command line:',
    `  npx simtally usage ${simSid} --granularity daily --database ${databaseUrl}`,
    `  npx simtally quarantine list --database ${databaseUrl}`,
    '',
    'Ctrl-C stops it. Running it again keeps what is there and adds what is new.',
  ])
}

export function demoAccessJson(access: DemoAccess) {
  const { url, link, demo, simSid, credentialsPath, databaseUrl } = access
  return {
    url,
    console: link,
    account_sid: demo.account.sid,
    sim_sid: simSid,
    ...demo.credentials,
    credentials_file: credentialsPath,
    database: databaseUrl,
    curl: url === null ? [] : curlLines(access),
  }
}

function curlLines({ url, demo, simSid }: DemoAccess): string[] {
  const { username, password } = demo.credentials
  const paths = [
    `/v1/Sims/${simSid}/UsageRecords`,
    `/v1/Sims/${simSid}/UsageRecords?Granularity=daily`,
    '/v1/UsageRecords',
  ]
  return paths.map((path) => `curl -u ${username}:${password} '${url}${path}'`)
}
