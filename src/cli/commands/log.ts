/** `simtally log list`: shows what was done to the store, and by whom. */
import { type Command, Option } from 'commander'
import { ACT_OBJECTS, type Act, type ActFilter, type ActObject } from '../../domain/act.ts'
import { formatInstant } from '../../domain/time.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { newestFirst, printListing } from '../listing.ts'
import { jsonOption, type LimitOption, limitOption, sinceOption, withOptions } from '../options.ts'

interface LogOptions extends DatabaseOption, JsonOption, LimitOption {
  readonly since?: number
  readonly kind?: ActObject
  readonly object?: string
}

const LIMIT_DEFAULT = 50

const EXAMPLES = `
Examples:
  simtally log list
  simtally log list --since 2026-11-01 --kind import
  simtally log list --kind feed --object roamco --json

Lists everything that changes a store except deliveries, newest first: accounts, keys, SIMs and
feeds that were created and changed, imports that were undone or replaced records, quarantine that
was recycled, accepted and discarded, usage that was reclassified and purged, SIMs that were erased,
derived numbers that were repaired, rows that were accepted as they are. The actor is "operator" for
the command line, "upkeep" for a serving process, or the SID of the credential. Only erased details
are ever removed.`

export function addLogCommand(program: Command, commandLine: CommandLine): void {
  const log = program.command('log').description('show what was done to the store, and by whom')
  withOptions(
    log.command('list').description('show what was done to the store, and by whom, newest first'),
    limitOption(LIMIT_DEFAULT),
    sinceOption(),
    new Option('--kind <kind>', 'what it was done to').choices(ACT_OBJECTS),
    new Option('--object <name>', 'its SID, name or number'),
    jsonOption('act'),
  )
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function list(commandLine: CommandLine, options: LogOptions): Promise<void> {
  const { since, kind, object } = options
  const filter: ActFilter = {
    ...(since !== undefined && { since }),
    ...(kind !== undefined && { objectKind: kind }),
    ...(object !== undefined && { object }),
  }
  const titles = {
    date_acted: 'WHEN',
    actor: 'ACTOR',
    verb: 'ACT',
    kind: 'KIND',
    object: 'OBJECT',
    details: 'DETAILS',
  }
  await commandLine.withStore(options, (store) => {
    const acts = newestFirst((page) => store.listActs(filter, page))
    return printListing(commandLine, options, titles, rowsOf(acts))
  })
}

async function* rowsOf(acts: AsyncIterable<Act>) {
  for await (const act of acts) yield actRow(act)
}

function actRow({ at, actor, verb, objectKind, object, details }: Act) {
  return { date_acted: formatInstant(at), actor, verb, kind: objectKind, object, details }
}
