/** `simtally feed retire` and `feed unretire`: end a feed, or let it go on after all. */
import { type Command, Option } from 'commander'
import type { FeedRetirement } from '../../domain/directory.ts'
import { feedRetirement } from '../../domain/feed-statements.ts'
import { formatInstant } from '../../domain/time.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { fromFlags } from '../failure.ts'
import { instantFlag } from '../option-values.ts'
import { reasonOption } from '../options.ts'

interface RetireOptions extends DatabaseOption, JsonOption {
  /** UTC seconds. */
  readonly at: number
  readonly reason: string
}

const RETIRE_EXAMPLES = `
Example:
  simtally feed retire roamco --at 2026-03-01 --reason 'contract ended'

A retired feed is never late, and does not hold back completeness: usage before --at is complete
once the settle time has passed. Late records from before it still count; records of later usage go
to quarantine.`

const UNRETIRE_EXAMPLES = `
Example:
  simtally feed unretire roamco && simtally quarantine recycle --feed roamco --cause feed_retired`

export function addFeedRetireCommands(feed: Command, commandLine: CommandLine): void {
  feed
    .command('retire')
    .description('end a feed')
    .argument('<name>', 'the feed')
    .addOption(
      new Option('--at <time>', 'when it stopped delivering usage')
        .argParser(instantFlag('--at'))
        .makeOptionMandatory(),
    )
    .addOption(reasonOption().makeOptionMandatory())
    .option('--json', 'print JSON')
    .addHelpText('after', RETIRE_EXAMPLES)
    .action((name: string, _: unknown, command: Command) => {
      const options: RetireOptions = command.optsWithGlobals()
      const now = commandLine.context.clock()
      return change(
        commandLine,
        name,
        options,
        fromFlags(() => feedRetirement(options, now)),
      )
    })
  feed
    .command('unretire')
    .description('let a feed go on after all')
    .argument('<name>', 'the feed')
    .option('--json', 'print JSON')
    .addHelpText('after', UNRETIRE_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      change(commandLine, name, command.optsWithGlobals(), null),
    )
}

async function change(
  commandLine: CommandLine,
  name: string,
  options: DatabaseOption & JsonOption,
  retirement: FeedRetirement | null,
): Promise<void> {
  await commandLine.withStore(options, async (store) => {
    const { id } = await feedOf(store, name)
    await store.updateFeed(id, { retirement })
  })
  if (options.json === true) {
    const retired = retirement && {
      date: formatInstant(retirement.at),
      reason: retirement.reason,
    }
    await commandLine.printJson({ name, retired })
  } else {
    const state =
      retirement === null ? 'goes on' : `is retired since ${formatInstant(retirement.at)}`
    await commandLine.print(`feed ${name} ${state}`)
  }
}
