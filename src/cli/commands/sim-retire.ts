/** `simtally sim retire`: marks a SIM as no longer used; its usage stays available. */
import type { Command } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { accountOption, jsonOption, withOptions } from '../options.ts'
import { findNamedSim } from '../sim-lookup.ts'

const EXAMPLES = `
Example:
  simtally sim retire truck-1

Sets its status to deactivated. Its usage stays available, and its numbers stay its own, so that
late records count for it. To count nothing more, retire its feed. To use its numbers for another
SIM: simtally sim erase. If it comes back: simtally sim set truck-1 --status active`

export function addSimRetireCommand(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim
      .command('retire')
      .description('mark a SIM as no longer used; its usage stays, and late records count')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      retire(commandLine, name, command.optsWithGlobals()),
    )
}

async function retire(
  commandLine: CommandLine,
  name: string,
  options: DatabaseOption & JsonOption & { readonly account?: Sid },
): Promise<void> {
  const at = commandLine.context.clock()
  const { sid, status } = await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const { id } = await findNamedSim(store, name, account)
    return store.updateSim(id, { status: 'deactivated' }, at)
  })
  if (options.json === true) await commandLine.printJson({ sid, status })
  else await commandLine.print(`${sid} is retired: ${status}`)
}
