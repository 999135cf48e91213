/** `simtally audit`: recomputes the derived numbers and names what differs from the ledger. */
import type { Command } from 'commander'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { EXIT } from '../context.ts'
import { formatCount } from '../quantity-text.ts'

const EXAMPLES = `
Example:
  simtally audit --json

Exit code 1 when a stored number differs from the ledger.`

export function addAuditCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('audit')
    .description('compare every derived number with the ledger')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => audit(commandLine, command.optsWithGlobals()))
}

async function audit(commandLine: CommandLine, options: DatabaseOption & JsonOption) {
  const report = await commandLine.withStore(options, (store) => store.audit())
  const { differences, differenceCount } = report
  if (differenceCount > 0) commandLine.exitCode = EXIT.failed
  if (options.json === true) {
    await commandLine.printJson({
      ledger_rows: report.ledgerRows,
      cells_checked: report.cellsChecked,
      difference_count: differenceCount,
      differences,
    })
    return
  }
  for (const { table, cell, stored, recomputed } of differences) {
    await commandLine.print(`${table}, ${cell}: stored ${stored}, from the ledger ${recomputed}`)
  }
  const checked = `${formatCount(report.cellsChecked)} derived numbers`
  const rows = `${formatCount(report.ledgerRows)} ledger rows`
  if (differenceCount === 0) await commandLine.print(`${checked} agree with ${rows}`)
  else await commandLine.print(`${formatCount(differenceCount)} of ${checked} differ from ${rows}`)
}
