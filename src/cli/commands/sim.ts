/** `simtally sim`: registers SIMs from a list, and shows them. */
import type { Command } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { newSid } from '../../domain/secret.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { readSimList, type SimList } from '../../ingest/sim-list.ts'
import type { AssignOutcome, RegisterOutcome } from '../../storage/usage-store.ts'
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
import { assignListed, groupsOf, placeFaults } from '../sim-places.ts'
import { addSimEraseCommand } from './sim-erase.ts'
import { addSimListCommands } from './sim-list.ts'
import { addSimMoveCommand } from './sim-move.ts'
import { addSimRetireCommand } from './sim-retire.ts'
import { addSimSetCommand } from './sim-set.ts'

interface ImportOptions extends DatabaseOption, JsonOption {
  readonly account: Sid
}

/** More faults than a person reads; the count says how many there are. */
const FAULTS_SHOWN_MAX = 1_000

const IMPORT_EXAMPLES = `
Examples:
  simtally sim import sims.csv --account AC0123456789abcdef0123456789abcdef
  simtally sim import - --account AC0123456789abcdef0123456789abcdef --json < sims.csv

Columns: sid,iccid,imsi,msisdn,unique_name,friendly_name,home_plmns,home_countries,group,labels,since.
One of iccid and imsi is required; several IMSIs, networks, countries or labels are separated by spaces.
A SIM that is registered already is updated. All SIMs of the list are registered, or none.

A group is named by SID or unique name, and has to be there: simtally group create. Labels are key=value, and
key= ends one. They hold from since on, an ISO 8601 time; see simtally sim set --help.`

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
    if (simList.faults.length > 0) {
      await reportFaults(commandLine, file, simList)
      return
    }
    const at = commandLine.context.clock()
    const groups = await groupsOf(store, account, simList.entries)
    const faults = placeFaults(simList.entries, groups, at)
    if (faults.length > 0) {
      await reportFaults(commandLine, file, { ...simList, faults })
      return
    }
    const registrations = simList.entries.map((entry) => entry.registration)
    const { sims, ...counts } = await store
      .registerSims(account.id, registrations, { at, newSid: () => newSid('DE') })
      .catch((error: unknown) => throwWithLine(error, file, simList))
    const assigned = await assignListed(store, account, { file, simList, groups, sims, at })
    await printCounts(commandLine, options, counts, assigned)
  })
}

async function printCounts(
  commandLine: CommandLine,
  options: JsonOption,
  { created, updated, unchanged }: Omit<RegisterOutcome, 'sims'>,
  assigned: AssignOutcome | null,
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
  { faults }: SimList,
): Promise<void> {
  for (const { line, message } of faults.slice(0, FAULTS_SHOWN_MAX)) {
    await tellFault(commandLine, `${file} line ${line}: ${message}`)
  }
  const count = countOf(faults.length, 'fault')
  const rest = faults.length > FAULTS_SHOWN_MAX ? ` (the first ${FAULTS_SHOWN_MAX} are shown)` : ''
  await tellFault(commandLine, `${file}: ${count}${rest}, so no SIM was registered`)
  commandLine.exitCode = EXIT.failed
}

function tellFault({ context }: CommandLine, fault: string): Promise<void> {
  return reportError(context, { code: 'invalid', exitCode: EXIT.failed, faults: [fault] })
}

/** The store names the SIM by its position in the list; a person looks for a line. */
function throwWithLine(error: unknown, file: string, { entries }: SimList): never {
  const position = error instanceof UsageError ? /^(\d+)\.(\w+)$/.exec(error.field ?? '') : null
  const entry = position === null ? undefined : entries[Number(position[1])]
  if (!(error instanceof UsageError) || position === null || entry === undefined) throw error
  const rest = error.message.slice(position[0].length)
  throw new UsageError(error.code, `${file} line ${entry.line}: ${position[2]}${rest}`, {
    hint: 'no SIM of the list was registered',
    cause: error,
  })
}
