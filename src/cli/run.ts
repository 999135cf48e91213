/** From the words of a command line to an exit code. */
import { Command } from 'commander'
import { UsageError } from '../domain/usage-error.ts'
import { CommandLine } from './command-line.ts'
import { addAccountCommand } from './commands/account.ts'
import { addAuditCommand } from './commands/audit.ts'
import { addBackupCommand } from './commands/backup.ts'
import { addClockCommand } from './commands/clock.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addEventsCommand } from './commands/events.ts'
import { addFeedCommand } from './commands/feed.ts'
import { addImportCommand } from './commands/import.ts'
import { addImportsCommand } from './commands/imports.ts'
import { addInitCommand } from './commands/init.ts'
import { addKeyCommand } from './commands/key.ts'
import { addLogCommand } from './commands/log.ts'
import { addMigrateCommand } from './commands/migrate.ts'
import { addPurgeCommand } from './commands/purge.ts'
import { addQuarantineCommand } from './commands/quarantine.ts'
import { addRestoreCommand } from './commands/restore.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSimCommand } from './commands/sim.ts'
import { addUsageCommand } from './commands/usage.ts'
import type { CliContext, ExitCode } from './context.ts'
import { reportFailure } from './failure.ts'
import { VERSION } from './version.ts'

const EXIT_CODES_HELP = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some records were quarantined or expired.
Results go to stdout, everything else to stderr.`

/** Runs one command to its end. Rejects only for a bug: every expected failure is reported. */
export async function run(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  const commandLine = new CommandLine(context)
  try {
    await buildProgram(commandLine).parseAsync([...argv], { from: 'user' })
    const { failure } = context.stdout
    if (failure === null) return commandLine.exitCode
    throw new UsageError('storage_full', `standard output cannot be written (${failure.code})`)
  } catch (error) {
    return await reportFailure(context, error)
  }
}

/** Every command, ready to parse. */
export function buildProgram(commandLine: CommandLine): Command {
  const program = new Command('simtally')
  inheritedSettings(program, commandLine.context)
  program
    .description('Counts what SIMs use, and answers through the UsageRecords API.')
    .version(VERSION)
    .option('--database <url>', 'where usage is kept, such as sqlite:./data/simtally.db')
    .addHelpText('after', EXIT_CODES_HELP)
  addDemoCommand(program, commandLine)
  addInitCommand(program, commandLine)
  addServeCommand(program, commandLine)
  addImportCommand(program, commandLine)
  addUsageCommand(program, commandLine)
  addEventsCommand(program, commandLine)
  addAccountCommand(program, commandLine)
  addSimCommand(program, commandLine)
  addFeedCommand(program, commandLine)
  addKeyCommand(program, commandLine)
  addImportsCommand(program, commandLine)
  addLogCommand(program, commandLine)
  addQuarantineCommand(program, commandLine)
  addAuditCommand(program, commandLine)
  addPurgeCommand(program, commandLine)
  addClockCommand(program, commandLine)
  addBackupCommand(program, commandLine)
  addRestoreCommand(program, commandLine)
  addMigrateCommand(program, commandLine)
  return program
}

/** What every command takes over from the program; set before the commands are made. */
function inheritedSettings(program: Command, { stdout, stderr }: CliContext): void {
  program
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => stdout.width,
      getErrHelpWidth: () => stderr.width,
      outputError: (text) => void stderr.line(errorLines(text)),
    })
}

/** Its own suggestion is a line of its own; any other line break came with an argument. */
function errorLines(text: string): string[] {
  const [, message = '', suggestion] =
    /^error: (.*?)(?:\n(\(Did you mean .*\)))?\n$/s.exec(text) ?? []
  return [`simtally: ${message}`, ...(suggestion === undefined ? [] : [suggestion])]
}
