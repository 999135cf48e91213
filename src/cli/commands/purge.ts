/** `simtally purge`: deletes what is older than the retention, or says what would go. */
import type { Command } from 'commander'
import { RETENTION_MONTHS, retentionStart } from '../../domain/period.ts'
import { formatInstant } from '../../domain/time.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { formatCount } from '../quantity-text.ts'
import { purgeInSteps } from '../upkeep.ts'

interface PurgeOptions extends DatabaseOption, JsonOption {
  readonly dryRun?: boolean
}

const EXAMPLES = `
Examples:
  simtally purge --dry-run
  simtally purge --json

simtally serve purges by itself; this is for stores that are not served.`

export function addPurgeCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('purge')
    .description(`delete usage and quarantine older than ${RETENTION_MONTHS} months`)
    .option('--dry-run', 'only count what would be deleted')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => purge(commandLine, command.optsWithGlobals()))
}

async function purge(commandLine: CommandLine, options: PurgeOptions): Promise<void> {
  const dryRun = options.dryRun === true
  const before = retentionStart(commandLine.context.clock())
  const gone = await commandLine.withStore(options, (store) =>
    purgeInSteps(store, { before, dryRun }),
  )
  if (options.json === true) {
    await commandLine.printJson({
      before: formatInstant(before),
      dry_run: dryRun,
      ledger_rows: gone.ledgerRows,
      rollup_cells: gone.rollupCells,
      quarantine_entries: gone.quarantineEntries,
    })
    return
  }
  const what =
    `${formatCount(gone.ledgerRows)} ledger rows, ${formatCount(gone.rollupCells)} derived ` +
    `numbers and ${formatCount(gone.quarantineEntries)} quarantined records`
  const verb = dryRun ? 'would be deleted' : 'are deleted'
  await commandLine.print(`${what} from before ${formatInstant(before)} ${verb}`)
}
