/** `simtally restore`: replaces a store with a backup. */
import type { Command } from 'commander'
import { restoreStore } from '../../storage/open-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { withCopyProgress } from '../copy-progress.ts'
import { throwAsWrongUsage } from '../failure.ts'
import { forceOption } from '../options.ts'
import { countOf } from '../quantity-text.ts'

interface RestoreOptions extends DatabaseOption, JsonOption {
  readonly force?: boolean
}

const EXAMPLES = `
Examples:
  simtally restore /backups/simtally-2026-11-28.db
  simtally restore latest.db --force --database sqlite:/var/lib/simtally/simtally.db

The backup is read from end to end before anything is touched. An existing store is replaced only
with --force, and only while no process uses it; it is kept beside the new one, under a name that is
printed. If the command ends early, either the old store or the new one is in place and complete.

To count what came after the backup, import its files again.`

export function addRestoreCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('restore')
    .description('replace a store with a backup')
    .argument('<file>', 'what simtally backup has made')
    .addOption(forceOption())
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((file: string, _: unknown, command: Command) =>
      restore(commandLine, file, command.optsWithGlobals()),
    )
}

async function restore(
  commandLine: CommandLine,
  file: string,
  options: RestoreOptions,
): Promise<void> {
  const { context } = commandLine
  const url = commandLine.databaseUrl(options)
  const fixed = { force: options.force === true, now: context.clock() }
  const { database, storeId, bytes, rows, replaced } = await withCopyProgress(context, (work) =>
    restoreStore(url, file, { ...fixed, ...work }),
  ).catch(throwAsWrongUsage)
  if (options.json === true) {
    await commandLine.printJson({ database, file, store_id: storeId, bytes, rows, replaced })
    return
  }
  await commandLine.print(
    `${file} is restored to ${database}: ${countOf(rows, 'row')}, ${countOf(bytes, 'byte')}, checked`,
  )
  if (replaced !== null) await commandLine.print(`what was there is kept as ${replaced}`)
}
