/** `simtally import undo`: takes one import back, as if it had never come. */
import type { Command } from 'commander'
import { formatInstant } from '../../domain/time.ts'
import type { UndoOutcome } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { importNamed, importNameOf } from '../import-names.ts'
import { countOf } from '../quantity-text.ts'

const EXAMPLES = `
Examples:
  simtally import list
  simtally import undo 17

The records of the import leave, what they had replaced counts again, and its quarantined records
are gone: all of it or nothing. Then its file may be imported again. A record that another import
brought as a duplicate of one of these leaves with it; importing that other file again brings it
back. Usage older than the retention stays as it is. No other import goes on meanwhile.`

export function addImportUndoCommand(imports: Command, commandLine: CommandLine): void {
  imports
    .command('undo')
    .description('take an import back: what it had replaced counts again')
    .argument('<import>', 'its number, as import list shows it, or its SID', importNameOf)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: number | string, _: unknown, command: Command) =>
      undo(commandLine, name, command.optsWithGlobals()),
    )
}

async function undo(
  commandLine: CommandLine,
  name: number | string,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const at = commandLine.context.clock()
  const outcome = await commandLine.withStore(options, async (store) =>
    store.undoImport((await importNamed(store, name)).id, at),
  )
  if (options.json === true) await commandLine.printJson(toUndoJson(outcome))
  else await commandLine.print(inWords(outcome))
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

function inWords({
  import: undone,
  removed,
  restored,
  kept,
  quarantineEntries,
}: UndoOutcome): string {
  return (
    `import ${undone.id} of ${undone.source} is undone: ` +
    `${countOf(removed, 'usage event is', 'usage events are')} gone, ` +
    `${countOf(restored, 'counts', 'count')} with another version, ` +
    `${countOf(kept, 'stays', 'stay')} as another import's, ` +
    `${countOf(quarantineEntries, 'quarantined record is', 'quarantined records are')} gone`
  )
}
