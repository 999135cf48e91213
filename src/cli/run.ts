/** From the words of a command line to an exit code. */
import { Command } from 'commander'
import { UsageError } from '../domain/usage-error.ts'
import { asksForJson, calledCommand, pathOf } from './called-command.ts'
import { CommandLine } from './command-line.ts'
import { addAccountCommand } from './commands/account.ts'
import { addAuditCommand } from './commands/audit.ts'
import { addBackupCommand } from './commands/backup.ts'
import { addClockCommand } from './commands/clock.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addConsoleCommand } from './commands/console.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addEventCommand } from './commands/event.ts'
import { addExportCommand } from './commands/export.ts'
import { addFeedCommand } from './commands/feed.ts'
import { addFolderCommand } from './commands/folder.ts'
import { addGapCommand } from './commands/gap.ts'
import { addGroupCommand } from './commands/group.ts'
import { addImportCommand } from './commands/import.ts'
import { addInitCommand } from './commands/init.ts'
import { addKeyCommand } from './commands/key.ts'
import { addLogCommand } from './commands/log.ts'
import { addMappingCommand } from './commands/mapping.ts'
import { addMigrateCommand } from './commands/migrate.ts'
import { addPurgeCommand } from './commands/purge.ts'
import { addQuarantineCommand } from './commands/quarantine.ts'
import { addReclassifyCommand } from './commands/reclassify.ts'
import { addReportCommand } from './commands/report.ts'
import { addRestoreCommand } from './commands/restore.ts'
import { addServeCommand } from './commands/serve.ts'
import { addSimCommand } from './commands/sim.ts'
import { addUsageCommand } from './commands/usage.ts'
import { SETTINGS_FILE_DEFAULT } from './config.ts'
import { type CliContext, type ExitCode, Output } from './context.ts'
import { reportFailure } from './failure.ts'
import { SETTINGS } from './settings.ts'
import { VERSION } from './version.ts'

const WITHOUT_SETTINGS = ['doctor', 'completion']

const EXIT_CODES_HELP = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some records were quarantined or expired.
Results go to stdout, everything else to stderr.`

/** Runs one command to its end. Rejects only for a bug, because it reports every expected failure. */
export async function run(argv: readonly string[], given: CliContext): Promise<ExitCode> {
  const { stderr } = given
  // A program reads both streams in that case, so messages are objects too.
  const isJson = asksForJson(argv)
  const context = isJson ? { ...given, stderr: new Output(stderr.stream, { isJson }) } : given
  const commandLine = new CommandLine(context)
  const program = buildProgram(commandLine)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    const { failure } = context.stdout
    if (failure === null) return commandLine.exitCode
    throw new UsageError('storage_full', `standard output cannot be written (${failure.code})`)
  } catch (error) {
    const help = `${pathOf(calledCommand(program, argv))} --help`
    return await reportFailure(context, error, help)
  }
}

/** Every command, ready to parse. */
export function buildProgram(commandLine: CommandLine): Command {
  const program = new Command('simtally')
  inheritedSettings(program, commandLine.context)
  program
    .description('Counts what SIMs use, and serves the UsageRecords API.')
    .version(VERSION)
    .option('--database, --database-url <url>', SETTINGS['database-url'].sets)
    .option(
      '--config <file>',
      `the settings file (default: ${SETTINGS_FILE_DEFAULT} in this folder, if it exists)`,
    )
    .hook('preAction', (_, command) => {
      // The doctor reports what is wrong with the settings instead, and completion needs no store.
      if (!WITHOUT_SETTINGS.includes(command.name())) {
        commandLine.readSettings(command.optsWithGlobals().config)
      }
    })
    .addHelpText('after', EXIT_CODES_HELP)
  addDemoCommand(program, commandLine)
  addInitCommand(program, commandLine)
  addServeCommand(program, commandLine)
  addImportCommand(program, commandLine)
  addUsageCommand(program, commandLine)
  addReportCommand(program, commandLine)
  addExportCommand(program, commandLine)
  addEventCommand(program, commandLine)
  addAccountCommand(program, commandLine)
  addSimCommand(program, commandLine)
  addGroupCommand(program, commandLine)
  addFeedCommand(program, commandLine)
  addMappingCommand(program, commandLine)
  addFolderCommand(program, commandLine)
  addGapCommand(program, commandLine)
  addKeyCommand(program, commandLine)
  addConsoleCommand(program, commandLine)
  addLogCommand(program, commandLine)
  addQuarantineCommand(program, commandLine)
  addAuditCommand(program, commandLine)
  addReclassifyCommand(program, commandLine)
  addPurgeCommand(program, commandLine)
  addClockCommand(program, commandLine)
  addBackupCommand(program, commandLine)
  addRestoreCommand(program, commandLine)
  addMigrateCommand(program, commandLine)
  addDoctorCommand(program, commandLine)
  addCompletionCommand(program, commandLine)
  return program
}

/** Settings that every command inherits from the program; set before the commands are created. */
function inheritedSettings(program: Command, { stdout, stderr }: CliContext): void {
  program
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void (stderr.isJson || stderr.write(text)),
      getOutHelpWidth: () => stdout.width,
      getErrHelpWidth: () => stderr.width,
      // Reported later, once it is known which command was meant.
      outputError: () => {},
    })
}
