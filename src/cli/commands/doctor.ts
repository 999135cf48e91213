/** `simtally doctor`: checks settings, store, clock, disk, permissions and feeds, and says what to do. */
import type { Command } from 'commander'
import { UsageError } from '../../domain/usage-error.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { EXIT } from '../context.ts'
import { type Finding, fine, problem } from '../doctor/finding.ts'
import {
  checkDisk,
  checkPermissions,
  checkSettings,
  checkVersion,
} from '../doctor/machine-checks.ts'
import { checkStore } from '../doctor/store-checks.ts'
import { WrongUsage } from '../failure.ts'
import { jsonOption } from '../options.ts'

interface DoctorOptions extends DatabaseOption, JsonOption {
  readonly config?: string
}

const EXAMPLES = `
Examples:
  simtally doctor
  simtally doctor --json | jq -r 'select(.status != "fine") | .message'

Changes nothing. Each line is fine, a warning (somebody should look at it) or a problem, with what to do.
Exit code 1 if there is a problem.`

export function addDoctorCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('doctor')
    .description('look for what is wrong, and say what to do')
    .addOption(jsonOption('finding'))
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => examine(commandLine, command.optsWithGlobals()))
}

async function examine(commandLine: CommandLine, options: DoctorOptions): Promise<void> {
  const findings = [checkVersion(), ...checkSettings(commandLine, options.config)]
  for (const finding of findings) await tell(commandLine, options, finding)
  const url = commandLine.databaseUrl(options)
  for (const finding of await placeFindings(commandLine, url)) {
    findings.push(finding)
    await tell(commandLine, options, finding)
  }
  for (const finding of await storeFindings(commandLine, options)) {
    findings.push(finding)
    await tell(commandLine, options, finding)
  }
  if (findings.some(({ status }) => status === 'problem')) commandLine.exitCode = EXIT.failed
}

async function placeFindings({ context }: CommandLine, url: string): Promise<Finding[]> {
  try {
    return [...checkPermissions(context.config, url), checkDisk(url)]
  } catch (error) {
    return [failed('permissions', error)]
  }
}

async function storeFindings(commandLine: CommandLine, options: DoctorOptions): Promise<Finding[]> {
  try {
    return await commandLine.withStore(options, async (store) => [
      fine('store', 'it can be opened, and has the schema of this version'),
      ...(await checkStore(store, commandLine.context.clock())),
    ])
  } catch (error) {
    return [failed('store', error)]
  }
}

/** The doctor reports expected failures; it rethrows bugs. */
function failed(check: Finding['check'], error: unknown): Finding {
  if (!(error instanceof UsageError) && !(error instanceof WrongUsage)) throw error
  if (error instanceof UsageError && error.code === 'missing') {
    const [what = ''] = error.message.split('; ')
    return problem(check, what, MAKE_OR_NAME)
  }
  if (error.hint !== undefined) return problem(check, error.message, error.hint)
  // A message without a separate hint says first what is wrong, then what to do.
  const [what = '', ...remedy] = error.message.split('; ')
  return problem(check, what, remedy.join('; ') || 'give what is expected there')
}

const MAKE_OR_NAME =
  'simtally init makes one there; if yours is elsewhere, name it with --database, SIMTALLY_DATABASE_URL or database-url in simtally.yaml'

async function tell(
  commandLine: CommandLine,
  { json }: JsonOption,
  { check, status, message, remedy }: Finding,
): Promise<void> {
  if (json === true) return await commandLine.printJson({ check, status, message, remedy })
  await commandLine.print(`${status.padEnd(7)}  ${check}: ${message}`)
  if (remedy !== null) await commandLine.print(`         ${remedy}`)
}
