/** `simtally reclassify`: applies the current home sets to usage that is already counted. */
import { setImmediate } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import { changeToApi } from '../../http/usage-change.ts'
import type {
  LedgerPlace,
  Reclassification,
  ReclassifyOutcome,
  UsageStore,
} from '../../storage/usage-store.ts'
import { changeTable, exactJson } from '../change-table.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import {
  accountFilter,
  batchSizeOption,
  dryRunOption,
  jsonOption,
  sinceOption,
  withOptions,
} from '../options.ts'
import { countOf } from '../quantity-text.ts'

interface ReclassifyOptions extends DatabaseOption, JsonOption {
  /** UTC seconds. */
  readonly since: number
  readonly account?: Sid
  readonly dryRun?: boolean
  readonly batchSize?: number
}

/** Rows in one transaction. It takes seconds, so that importers in other processes get their turn. */
const STEP_ROWS_MAX = 250_000

const EXAMPLES = `
Examples:
  simtally account set AC0123456789abcdef0123456789abcdef --home-countries "US,PR"
  simtally reclassify --since 2026-11-01 --account AC0123456789abcdef0123456789abcdef --dry-run
  simtally reclassify --since 2026-11-01 --account AC0123456789abcdef0123456789abcdef

A changed home set applies to the records that come from then on. This command applies the current
home sets to usage from --since on that is already counted, as if its records came today: totals,
reports and months follow. A zone that a record states stays, and so does usage whose zone nothing
gives any more. Large stores are reclassified in steps, each exact by itself; if the command is
stopped, run it again. Import nothing meanwhile, because an import uses the home sets that it read
at its start.`

export function addReclassifyCommand(program: Command, commandLine: CommandLine): void {
  withOptions(
    program
      .command('reclassify')
      .description('apply the current home sets to usage that is already counted'),
    sinceOption().makeOptionMandatory(),
    accountFilter(),
    dryRunOption(),
    batchSizeOption(STEP_ROWS_MAX),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => reclassify(commandLine, command.optsWithGlobals()))
}

type Reclassified = Omit<ReclassifyOutcome, 'next'>

async function reclassify(commandLine: CommandLine, options: ReclassifyOptions): Promise<void> {
  const { since, account, json, batchSize = STEP_ROWS_MAX } = options
  const dryRun = options.dryRun === true
  const outcome = await commandLine.withStore(options, async (store) => {
    const accountId = account === undefined ? undefined : (await accountOf(store, account)).id
    const of = accountId === undefined ? {} : { accountId }
    return inSteps(store, { since, dryRun, rowsMax: batchSize, ...of })
  })
  const { changed, unknown, changes } = outcome
  if (json === true) {
    const told = { dry_run: dryRun, since: formatInstant(since), account_sid: account ?? null }
    const changed_by = dryRun ? { changes: changes.map(changeToApi) } : {}
    await commandLine.print(exactJson({ ...told, changed, unknown, ...changed_by }))
    return
  }
  await commandLine.print(inWords(outcome, { since, dryRun }))
  if (changes.length > 0) await commandLine.print(changeTable(changes))
}

async function inSteps(
  store: UsageStore,
  given: Omit<Reclassification, 'after'>,
): Promise<Reclassified> {
  let [changed, unknown] = [0, 0]
  let after: LedgerPlace | null = null
  for (;;) {
    const step: ReclassifyOutcome = await store.reclassify({ ...given, after })
    changed += step.changed
    unknown += step.unknown
    if (step.next === null) return { changed, unknown, changes: step.changes }
    after = step.next
    await setImmediate()
  }
}

function inWords(
  { changed, unknown }: Reclassified,
  { since, dryRun }: { since: number; dryRun: boolean },
): string {
  const events = dryRun
    ? `${countOf(changed, 'usage event')} would count in another zone`
    : `${countOf(changed, 'usage event counts', 'usage events count')} in another zone now`
  const rest =
    unknown === 0
      ? ''
      : `, ${countOf(unknown, 'stays', 'stay')} where nothing tells a zone any more`
  return `since ${formatInstant(since)}: ${events}${rest}`
}
