/** `simtally migrate`: brings a database's schema up to date, or moves a whole store into another. */
import type { Command } from 'commander'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import {
  type MigrationOutcome,
  type MoveOutcome,
  migrateStore,
  moveStore,
  type TransferProof,
} from '../../storage/open-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { EXIT } from '../context.ts'
import { reportError, throwAsWrongUsage, WrongUsage } from '../failure.ts'
import { batchSizeOption } from '../options.ts'
import { countOf, formatCount } from '../quantity-text.ts'
import { textTable } from '../text-table.ts'
import { showTransferProgress } from '../transfer-progress.ts'

interface MigrateOptions extends DatabaseOption, JsonOption {
  readonly from?: string
  readonly to?: string
  readonly restart?: boolean
  readonly batchSize?: number
}

/** Larger pieces hold more rows in memory and gain nothing. */
const BATCH_ROWS_MAX = 1_000_000

const EXAMPLES = `
Examples:
  simtally migrate --database postgres://simtally@db.example.com/simtally
  simtally migrate --from sqlite:./data/simtally.db --to postgres://simtally@db.example.com/simtally

Without --from and --to it creates or upgrades the schema of --database, which many processes may do
at once. If the Citus extension is installed, it distributes the tables over the servers, even those
in use on one server.

With --from and --to it moves a store, with all of its ids and keys, into an empty database. Writers
to the old store wait meanwhile. If it ends early, the same command continues where it was. Until it
is done, no other command uses the new database. At the end the rows of each table, the answers of
every account and of 1,000 SIMs, and the audit have to agree; otherwise the exit code is 1.`

export function addMigrateCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('migrate')
    .description('bring the schema up to date, or move a store to PostgreSQL')
    .option('--from <url>', 'the store to move, such as sqlite:./data/simtally.db')
    .option('--to <url>', 'the empty database that takes it, postgres://…')
    .option('--restart', 'with --to: delete what an unfinished move has copied, and start over')
    .addOption(batchSizeOption(BATCH_ROWS_MAX))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => {
      const options: MigrateOptions = command.optsWithGlobals()
      const { from, to } = options
      if (from === undefined && to === undefined) return migrate(commandLine, options)
      if (from === undefined || to === undefined) {
        throw new WrongUsage('--from and --to belong together', 'name both, or --database alone')
      }
      if (options.databaseUrl !== undefined) {
        throw new WrongUsage(
          '--database has no part in a move',
          'name the stores by --from and --to',
        )
      }
      return move(commandLine, { ...options, from, to })
    })
}

async function migrate(commandLine: CommandLine, options: MigrateOptions): Promise<void> {
  if (options.restart !== undefined || options.batchSize !== undefined) {
    throw new WrongUsage('--restart and --batch-size are for --from and --to')
  }
  const steps: string[] = []
  const outcome = await migrateStore(commandLine.databaseUrl(options), (step) => {
    steps.push(step)
    if (options.json !== true) void commandLine.note(`simtally: ${step}`)
  }).catch(throwAsWrongUsage)
  const { shown, engine, from, to } = outcome
  if (options.json === true) {
    await commandLine.printJson({ database: shown, engine, from, to, steps })
    return
  }
  await commandLine.print(migrationWords(outcome, steps.length > 0))
}

const ENGINE_NAMES = { sqlite: 'SQLite', postgres: 'PostgreSQL', citus: 'Citus' } as const

function migrationWords({ shown, engine, from, to }: MigrationOutcome, isChanged: boolean): string {
  const state = `${shown} has schema version ${to} on ${ENGINE_NAMES[engine]}`
  if (!isChanged) return `${state} already; there was nothing to do`
  return from === to ? state : `${state} (before: ${from === 0 ? 'none' : from})`
}

async function move(
  commandLine: CommandLine,
  options: MigrateOptions & { readonly from: string; readonly to: string },
): Promise<void> {
  const { stderr, stop } = commandLine.context
  const display = showTransferProgress(stderr)
  const stopListening = stop.listen(() => {})
  const from = commandLine.completeUrl(options.from)
  const to = commandLine.completeUrl(options.to)
  const outcome = await moveStore(
    { from, to },
    {
      restart: options.restart === true,
      ...(options.batchSize === undefined ? {} : { rowsMax: options.batchSize }),
      onStep: display.step,
      onProgress: display.moved,
      onProof: display.compared,
      isStopped: () => stop.signal !== null,
    },
  )
    .catch(throwAsWrongUsage)
    .finally(() => {
      stopListening()
      display.end()
    })
  if (outcome.proof === null) {
    throw new UsageError('unavailable', `stopped by ${stop.signal}`, {
      hint: 'what was moved is kept; the same command continues from there',
    })
  }
  await printProof(commandLine, outcome, outcome.proof, options)
}

async function printProof(
  commandLine: CommandLine,
  { from, to }: MoveOutcome,
  proof: TransferProof,
  options: JsonOption,
): Promise<void> {
  const { rows, accounts, sims, simsTotal, answers, audit, differences, differenceCount } = proof
  const period =
    proof.period === null
      ? null
      : { start: formatInstant(proof.period.start), end: formatInstant(proof.period.end) }
  if (options.json === true) {
    await commandLine.printJson({
      from,
      to,
      rows,
      accounts_compared: accounts,
      sims_compared: sims,
      sims: simsTotal,
      answers_compared: answers,
      period,
      ledger_rows: audit.ledgerRows,
      cells_checked: audit.cellsChecked,
      difference_count: differenceCount,
      differences,
    })
  } else {
    const cells = Object.entries(rows).map(([name, count]) => [name, formatCount(count)])
    await commandLine.print(textTable([['table', 'rows'], ...cells]))
    const asked = period === null ? '' : `, from ${period.start} to ${period.end}`
    await commandLine.print(
      `${countOf(answers, 'answer')} of ${countOf(accounts, 'account')} and ` +
        `${formatCount(sims)} of ${countOf(simsTotal, 'SIM')} compared${asked}`,
    )
    await commandLine.print(
      `${countOf(audit.cellsChecked, 'derived number')} recomputed from ` +
        countOf(audit.ledgerRows, 'ledger row'),
    )
    if (differenceCount === 0) await commandLine.print(`${from} is moved to ${to}; nothing differs`)
  }
  if (differenceCount === 0) return
  commandLine.exitCode = EXIT.failed
  for (const difference of differences) await commandLine.note(`simtally: ${difference}`)
  await reportError(commandLine.context, {
    code: 'failed',
    exitCode: EXIT.failed,
    faults: [
      `${countOf(differenceCount, 'difference')} between ${from} and ${to}, which stays unused`,
    ],
    hint: 'simtally audit says whether the old store has them too; --restart moves it again',
  })
}
