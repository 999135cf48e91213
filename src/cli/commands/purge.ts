/** `simtally purge`: deletes usage older than the retention period, or says what would go. */
import type { Command } from 'commander'
import { RETENTION_MONTHS } from '../../domain/period.ts'
import {
  heldBackSeconds,
  type RetentionStep,
  refusalOf,
  retentionStep,
  type StoreTime,
  upkeepTime,
} from '../../domain/store-time.ts'
import { floorTo, formatInstant, HOUR_SECONDS } from '../../domain/time.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { instantFlag } from '../option-values.ts'
import { dryRunOption } from '../options.ts'
import { type Gone, purgeInSteps } from '../purge-steps.ts'
import { goneText } from '../retention.ts'

interface PurgeOptions extends DatabaseOption, JsonOption {
  readonly dryRun?: boolean
  /** UTC seconds. */
  readonly before?: number
}

const EXAMPLES = `
Examples:
  simtally purge --dry-run
  simtally purge --json
  simtally purge --before 2024-09-10 --dry-run

simtally serve purges by itself; this command is for stores that are not served. By itself the limit
goes at most two days beyond the newest usage of the store, and moves at most two days at a time, so
that a wrong clock deletes nothing. --before deletes what that holds back.`

export function addPurgeCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('purge')
    .description(`delete usage and quarantine older than ${RETENTION_MONTHS} months`)
    .addOption(dryRunOption())
    .option(
      '--before <time>',
      'delete what is older than this, whatever the store has seen',
      instantFlag('--before'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => purge(commandLine, command.optsWithGlobals()))
}

interface Purge {
  readonly before: number
  readonly gone: Gone
  /** Why the purge stops here; null if nothing else is old enough. */
  readonly refused: string | null
}

async function purge(commandLine: CommandLine, options: PurgeOptions): Promise<void> {
  const dryRun = options.dryRun === true
  const { before, gone, refused } = await commandLine.withStore(options, (store) =>
    purgeStore(store, commandLine.context.clock(), options),
  )
  if (options.json === true) {
    await commandLine.printJson({
      before: formatInstant(before),
      dry_run: dryRun,
      ledger_rows: gone.ledgerRows,
      rollup_cells: gone.rollupCells,
      quarantine_entries: gone.quarantineEntries,
      ...(refused !== null && { refused }),
    })
  } else {
    await commandLine.print(goneText(gone, before, dryRun ? 'would be deleted' : 'are deleted'))
  }
  if (refused !== null) await commandLine.note(refused)
}

const NOTHING: Gone = { ledgerRows: 0, rollupCells: 0, quarantineEntries: 0 }

async function purgeStore(
  store: UsageStore,
  clockSeconds: number,
  options: PurgeOptions,
): Promise<Purge> {
  const time = await store.readTime()
  const now = upkeepTime(clockSeconds, time)
  const step = retentionStep(now, time)
  const dryRun = options.dryRun === true
  if (options.before !== undefined) {
    const before = floorTo(options.before, HOUR_SECONDS)
    requireOld(before, step)
    return { before, gone: await purgeInSteps(store, { before, dryRun }), refused: null }
  }
  const refused = whyNotMore(step, now, time)
  if (step.before === null) return { before: step.byClock, gone: NOTHING, refused }
  const { before } = step
  return { before, gone: await purgeInSteps(store, { before, dryRun }), refused }
}

function whyNotMore(step: RetentionStep, now: number, time: StoreTime): string | null {
  if (heldBackSeconds(step) === 0) return null
  if (!step.more) return refusalOf(step, now, time)
  return (
    'the limit moves at most two days at a time; run it again for the next two, or at once: ' +
    `simtally purge --before ${formatInstant(step.byClock)}`
  )
}

/** Usage within the retention period must not be deleted. */
function requireOld(before: number, { byClock }: RetentionStep): void {
  if (before <= byClock) return
  throw new WrongUsage(
    `--before ${formatInstant(before)} is not ${RETENTION_MONTHS} months ago: ` +
      `usage from ${formatInstant(byClock)} on is kept`,
  )
}
