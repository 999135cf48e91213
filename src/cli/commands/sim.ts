/** `simtally sim`: registers SIMs from a list, and shows them. */
import type { Command } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { readSimList, type SimList, type SimListFault } from '../../ingest/sim-list.ts'
import { type ListOutcome, lineNamed, registerSimList } from '../../ingest/sim-list-registration.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { EXIT } from '../context.ts'
import { openDelivery, throwNaming } from '../delivery.ts'
import { report, reportError } from '../failure.ts'
import { accountOption } from '../options.ts'
import { countOf, formatCount } from '../quantity-text.ts'
import { addSimEraseCommand } from './sim-erase.ts'
import { addSimListCommands } from './sim-list.ts'
import { addSimMoveCommand } from './sim-move.ts'
import { addSimRetireCommand } from './sim-retire.ts'
import { addSimSetCommand } from './sim-set.ts'

interface ImportOptions extends DatabaseOption, JsonOption {
  readonly account: Sid
}

/** More faults than a person reads. The count covers all of them. */
const FAULTS_SHOWN_MAX = 1_000

const IMPORT_EXAMPLES = `
Examples:
  simtally sim import sims.csv --account AC0123456789abcdef0123456789abcdef
  simtally sim import - --account AC0123456789abcdef0123456789abcdef --json < sims.csv

Columns: sid,iccid,imsi,msisdn,unique_name,friendly_name,home_plmns,home_countries,group,labels,since.
One of iccid and imsi is required; several IMSIs, networks, countries or labels are separated by spaces.
A registered SIM is updated. All SIMs of the list are registered, or none.

A group is named by SID or unique name, and has to exist: simtally group create. Labels are
key=value, and key= ends one. They hold from since on, an ISO 8601 time; see simtally sim set
--help.`

export function addSimCommand(program: Command, commandLine: CommandLine): void {
  const sim = program.command('sim').description('register SIMs, show, change and move them')
  sim
    .command('import')
    .description('register the SIMs of a CSV file')
    .argument('<file>', 'the list, or - for standard input')
    .addOption(accountOption().makeOptionMandatory())
    .option('--json', 'print JSON')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action((file: string, _: unknown, command: Command) =>
      importSims(commandLine, file, command.optsWithGlobals()),
    )
  addSimListCommands(sim, commandLine)
  addSimSetCommand(sim, commandLine)
  addSimMoveCommand(sim, commandLine)
  addSimRetireCommand(sim, commandLine)
  addSimEraseCommand(sim, commandLine)
}

async function importSims(
  commandLine: CommandLine,
  file: string,
  options: ImportOptions,
): Promise<void> {
  await commandLine.withStore(options, async (store) => {
    const account = await accountOf(store, options.account)
    const simList = await readFile(commandLine, file)
    for (const warning of simList.warnings) {
      await report(commandLine.context, `${file}: ${warning}`)
    }
    const at = commandLine.context.clock()
    const registered = await registerSimList({ store, account, simList, at, name: file })
    if ('faults' in registered) return await reportFaults(commandLine, file, registered.faults)
    await printCounts(commandLine, options, registered.outcome)
  })
}

async function printCounts(
  commandLine: CommandLine,
  options: JsonOption,
  { created, updated, unchanged, assigned }: ListOutcome,
): Promise<void> {
  if (options.json === true) {
    const counts = { created, updated, unchanged, ...(assigned !== null && { assigned }) }
    return await commandLine.printJson(counts)
  }
  const counts = [created, updated, unchanged].map(formatCount)
  await commandLine.print(
    `SIMs: ${counts[0]} created, ${counts[1]} updated, ${counts[2]} unchanged`,
  )
  if (assigned === null) return
  const [changed, same] = [assigned.changed, assigned.unchanged].map(formatCount)
  await commandLine.print(`Groups and labels: ${changed} changed, ${same} unchanged`)
}

async function readFile({ context }: CommandLine, file: string): Promise<SimList> {
  const delivery = await openDelivery(context, file)
  try {
    return await readSimList(delivery.bytes)
  } catch (error) {
    return throwNaming(file, error)
  } finally {
    await delivery.close()
  }
}

async function reportFaults(
  commandLine: CommandLine,
  file: string,
  faults: readonly SimListFault[],
): Promise<void> {
  for (const { line, message } of faults.slice(0, FAULTS_SHOWN_MAX)) {
    await tellFault(commandLine, `${lineNamed(file, line)}: ${message}`)
  }
  const count = countOf(faults.length, 'fault')
  const rest = faults.length > FAULTS_SHOWN_MAX ? ` (the first ${FAULTS_SHOWN_MAX} are shown)` : ''
  await tellFault(commandLine, `${file}: ${count}${rest}, so no SIM was registered`)
  commandLine.exitCode = EXIT.failed
}

function tellFault({ context }: CommandLine, fault: string): Promise<void> {
  return reportError(context, { code: 'invalid', exitCode: EXIT.failed, faults: [fault] })
}
