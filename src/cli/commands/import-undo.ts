/** `simtally import undo`: takes one import back, as if it had never come. */
import { Argument, type Command } from 'commander'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { importSids } from '../../http/import-sids.ts'
import type { UndoOutcome, UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { wholeNumberFlag } from '../option-values.ts'
import { formatCount } from '../quantity-text.ts'

const EXAMPLES = `
Examples:
  simtally imports
  simtally import undo 17

The records of the import leave, what they had replaced counts again, and its quarantined records
are gone: all of it or nothing. Then its file may be imported again. A record that another import
brought as a duplicate of one of these leaves with it; importing that other file again brings it
back. Usage older than the retention stays as it is. No other import goes on meanwhile.

A file named undo is imported as ./undo.`

/** Options of `import` itself mean nothing here, and are refused. */
interface UndoOptions extends DatabaseOption, JsonOption {
  readonly [ofImport: string]: unknown
}

export function addImportUndoCommand(importCommand: Command, commandLine: CommandLine): void {
  const program = importCommand.parent!
  importCommand
    .command('undo')
    .description('take an import back: what it had replaced counts again')
    .addArgument(
      new Argument('<import>', 'its number, as simtally imports shows it, or its SID').argParser(
        (text: string) => (text.startsWith('IM') ? text : importNumber(text)),
      ),
    )
    .option('--json', 'print JSON')
    // The options of `import` are none of its own; those of the program are.
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: () => [...program.options] })
    .addHelpText('after', EXAMPLES)
    .action(async (given: number | string, _: unknown, command: Command) => {
      refuseImportOptions(command.optsWithGlobals())
      await undo(commandLine, given, command.optsWithGlobals())
    })
}

function refuseImportOptions({ database: _, json: __, ...others }: UndoOptions): void {
  const name = Object.keys(others)[0]
  if (name === undefined) return
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new WrongUsage(`--${flag} is no option of import undo`, 'files named undo: ./undo')
}

const importNumber = wholeNumberFlag('import', 1, Number.MAX_SAFE_INTEGER)

async function idOf(store: UsageStore, given: number | string): Promise<number> {
  const id = typeof given === 'number' ? given : (await importSids(store)).idOf(given)
  if (id !== null) return id
  throw new UsageError('not_found', `there is no import ${given}`)
}

async function undo(
  commandLine: CommandLine,
  given: number | string,
  options: UndoOptions,
): Promise<void> {
  const at = commandLine.context.clock()
  const outcome = await commandLine
    .withStore(options, async (store) => store.undoImport(await idOf(store, given), at))
    .catch(throwNamingTheList)
  if (options.json === true) await commandLine.printJson(toUndoJson(outcome))
  else await commandLine.print(inWords(outcome))
}

function throwNamingTheList(error: unknown): never {
  if (!(error instanceof UsageError) || error.code !== 'not_found') throw error
  throw new UsageError('not_found', error.message, {
    hint: 'simtally imports shows those there are',
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

function inWords({
  import: undone,
  removed,
  restored,
  kept,
  quarantineEntries,
}: UndoOutcome): string {
  return (
    `import ${undone.id} of ${undone.source} is undone: ${formatCount(removed)} usage events are ` +
    `gone, ${formatCount(restored)} count with another version, ` +
    `${formatCount(kept)} stay as another import's, ` +
    `${formatCount(quarantineEntries)} quarantined records are gone`
  )
}
