/** `simtally clock`: shows what the clock says and what the store has seen, and records which is right. */
import type { Command } from 'commander'
import { clockFault, type StoreTime } from '../../domain/store-time.ts'
import { formatInstant } from '../../domain/time.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { EXIT } from '../context.ts'
import { countOf } from '../quantity-text.ts'

const EXAMPLES = `
Examples:
  simtally clock show
  simtally clock trust

Exit code 1 if the clock is certainly wrong: it is behind what the store has seen, or differs from
the database server's. "trust" says that it is right nevertheless: deliveries stamped by a clock
that was ahead get the current time, and the "complete through" of their feeds is recomputed.`

const TRUST_EXAMPLES = `
Example:
  simtally clock trust

Deliveries stamped by a clock that was ahead get the current time.`

export function addClockCommand(program: Command, commandLine: CommandLine): void {
  const clock = program
    .command('clock')
    .description('compare the clock with what the store has seen, or say that it is right')
  clock
    .command('show', { isDefault: true })
    .description('compare the clock with what the store has seen')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => show(commandLine, command.optsWithGlobals()))
  clock
    .command('trust')
    .description('say that the clock is right, and correct later stamps')
    .option('--json', 'print JSON')
    .addHelpText('after', TRUST_EXAMPLES)
    .action((_: unknown, command: Command) => trust(commandLine, command.optsWithGlobals()))
}

async function show(commandLine: CommandLine, options: DatabaseOption & JsonOption): Promise<void> {
  const now = commandLine.context.clock()
  const time = await commandLine.withStore(options, (store) => store.readTime())
  const fault = clockFault(now, time)
  if (fault !== null) commandLine.exitCode = EXIT.failed
  const facts = factsOf(now, time)
  if (options.json === true) {
    await commandLine.printJson({ ...facts, fault })
    return
  }
  for (const [name, at] of Object.entries(facts)) {
    await commandLine.print(`${name.replaceAll('_', ' ')}: ${at ?? 'not known'}`)
  }
  if (fault !== null) await commandLine.note(fault)
}

function factsOf(now: number, time: StoreTime) {
  const text = (at: number | null) => (at === null ? null : formatInstant(at))
  return {
    clock: text(now),
    server_clock: text(time.serverAt),
    newest_delivery: text(time.newestStampAt),
    newest_day_of_usage: text(time.newestUsageAt),
    purged_through: text(time.purgedThrough),
  }
}

async function trust(
  commandLine: CommandLine,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const now = commandLine.context.clock()
  const imports = await commandLine.withStore(options, (store) => store.trustClock(now))
  if (options.json === true) await commandLine.printJson({ clock: formatInstant(now), imports })
  else {
    const what = countOf(
      imports,
      'import that was stamped later is',
      'imports that were stamped later are',
    )
    await commandLine.print(`it is ${formatInstant(now)}: ${what} corrected`)
  }
}
