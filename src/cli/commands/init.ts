/** `simtally init`: creates an empty store. */
import type { Command } from 'commander'
import { createStore } from '../../storage/open-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { throwAsWrongUsage } from '../failure.ts'

const EXAMPLES = `
Examples:
  simtally init
  simtally init --database postgres://simtally@db.example.com/simtally

An existing store stays as it is. Besides this command, account create, demo and migrate create a
store. All others refuse a database without one, so that a path with a typo is found at once. The
file and the folders above it are created for this user alone.`

export function addInitCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('init')
    .description('create an empty store')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => init(commandLine, command.optsWithGlobals()))
}

async function init(commandLine: CommandLine, options: DatabaseOption & JsonOption): Promise<void> {
  const url = commandLine.databaseUrl(options)
  const { shown, engine, made } = await createStore(url).catch(throwAsWrongUsage)
  if (options.json === true) {
    await commandLine.printJson({ database: shown, engine, made })
    return
  }
  await commandLine.print(made ? `${shown} now has an empty store` : `${shown} already has a store`)
}
