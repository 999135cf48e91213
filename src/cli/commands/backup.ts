/** `simtally backup`: copies a store while it is in use. */
import type { Command } from 'commander'
import { backUpStore } from '../../storage/open-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { withCopyProgress } from '../copy-progress.ts'
import { throwAsWrongUsage } from '../failure.ts'
import { forceOption } from '../options.ts'
import { countOf } from '../quantity-text.ts'

interface BackupOptions extends DatabaseOption, JsonOption {
  readonly force?: boolean
}

const EXAMPLES = `
Examples:
  simtally backup /backups/simtally-2026-11-28.db
  simtally backup latest.db --force --json

Copies one state of the store, while serve and imports continue. The copy is read from end to end
and compared before it gets its name, with mode 0600. If the command ends early, it leaves nothing,
or FILE.partial, which the next backup to FILE removes. simtally restore puts a backup back.

To copy a store on PostgreSQL, use pg_dump; docs/storage.md says how.`

export function addBackupCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('backup')
    .description('copy a store while it is in use')
    .argument('<file>', 'where the copy goes')
    .addOption(forceOption())
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((file: string, _: unknown, command: Command) =>
      backUp(commandLine, file, command.optsWithGlobals()),
    )
}

async function backUp(
  commandLine: CommandLine,
  file: string,
  options: BackupOptions,
): Promise<void> {
  const url = commandLine.databaseUrl(options)
  const force = options.force === true
  const { database, storeId, bytes, rows } = await withCopyProgress(commandLine.context, (work) =>
    backUpStore(url, file, { force, ...work }),
  ).catch(throwAsWrongUsage)
  if (options.json === true) {
    await commandLine.printJson({ database, file, store_id: storeId, bytes, rows })
    return
  }
  await commandLine.print(
    `${database} is copied to ${file}: ${countOf(rows, 'row')}, ${countOf(bytes, 'byte')}, checked`,
  )
}
