/** `simtally import undo`: takes one import back, as if it had never been delivered. */
import type { Command } from 'commander'
import { formatInstant } from '../../domain/time.ts'
import { changeToApi } from '../../http/usage-change.ts'
import type { UndoOutcome, UndoTrial } from '../../storage/usage-store.ts'
import { changeTable, exactJson } from '../change-table.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { importNamed, importNameOf } from '../import-names.ts'
import { dryRunOption, jsonOption } from '../options.ts'
import { countOf } from '../quantity-text.ts'

const EXAMPLES = `
Examples:
  simtally import list
  simtally import undo 17 --dry-run
  simtally import undo 17

The import's records are removed, whatever they had replaced counts again, and its quarantined
records are deleted: all of it or nothing. Its file may then be imported again. A record that
another import also delivered stays, as that import's. Usage older than the retention does not
change. No other import runs meanwhile, even during a dry run.`

export function addImportUndoCommand(imports: Command, commandLine: CommandLine): void {
  imports
    .command('undo')
    .description('undo an import: whatever it had replaced counts again')
    .argument('<import>', 'its number, as import list shows it, or its SID', importNameOf)
    .addOption(dryRunOption())
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action((name: number | string, _: unknown, command: Command) =>
      undo(commandLine, name, command.optsWithGlobals()),
    )
}

interface UndoOptions extends DatabaseOption, JsonOption {
  readonly dryRun?: boolean
}

async function undo(
  commandLine: CommandLine,
  name: number | string,
  { json = false, dryRun = false, ...options }: UndoOptions,
): Promise<void> {
  const at = commandLine.context.clock()
  await commandLine.withStore(options, async (store) => {
    const { id } = await importNamed(store, name)
    if (dryRun) {
      const trial = await store.tryUndo(id, at)
      if (json) await commandLine.print(trialJson(trial))
      else await commandLine.print(trialInWords(trial))
      return
    }
    const outcome = await store.undoImport(id, at)
    if (json) await commandLine.printJson(toUndoJson(outcome))
    else await commandLine.print(`${named(outcome)} is undone: ${inWords(outcome)}`)
  })
}

function toUndoJson({ import: undone, removed, restored, kept, quarantineEntries }: UndoOutcome) {
  return {
    import: undone.id,
    feed: undone.feedName,
    source: undone.source,
    status: undone.status,
    removed,
    restored,
    kept,
    quarantine_entries: quarantineEntries,
    date_undone: undone.undoneAt === null ? null : formatInstant(undone.undoneAt),
  }
}

function trialJson(trial: UndoTrial): string {
  const changes = trial.changes.map(changeToApi)
  return exactJson({ dry_run: true, ...toUndoJson(trial), changes })
}

function trialInWords(trial: UndoTrial): string[] {
  const { changes } = trial
  return [
    `dry run: of ${named(trial)}, if it were undone, ${inWords(trial)}`,
    ...(changes.length === 0
      ? ['no usage would change']
      : ['usage would change by', ...changeTable(changes)]),
  ]
}

function named({ import: { id, source } }: UndoOutcome): string {
  return `import ${id} of ${source}`
}

function inWords({ removed, restored, kept, quarantineEntries }: UndoOutcome): string {
  return (
    `${countOf(removed, 'usage event is', 'usage events are')} gone, ` +
    `${countOf(restored, 'counts', 'count')} with another version, ` +
    `${countOf(kept, 'stays', 'stay')} as another import's, ` +
    `${countOf(quarantineEntries, 'quarantined record is', 'quarantined records are')} gone`
  )
}
