/** `simtally log`: what was done to the store, and by whom. */
import { type Command, Option } from 'commander'
import { ACT_OBJECTS, type Act, type ActFilter, type ActObject } from '../../domain/act.ts'
import { formatInstant } from '../../domain/time.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { instantFlag, wholeNumberFlag } from '../option-values.ts'

interface LogOptions extends DatabaseOption, JsonOption {
  readonly limit: number
  readonly since?: number
  readonly kind?: ActObject
  readonly object?: string
}

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 1_000_000
const PAGE_ACTS = 1_000

const EXAMPLES = `
Examples:
  simtally log
  simtally log --since 2026-11-01 --kind import
  simtally log --kind feed --object roamco --json

Everything that changes a store beside deliveries stands here, newest first: accounts, keys, SIMs and
feeds made and changed, imports undone or that replaced records, quarantine recycled, accepted and
discarded, usage purged, derived numbers repaired, rows accepted as they are. The actor is "operator" on
the command line, "upkeep" of a serving process, or the SID of
the credential. Nothing is ever taken out of it.`

export function addLogCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('log')
    .description('show what was done to the store, and by whom, newest first')
    .option('--limit <count>', 'how many', wholeNumberFlag('--limit', 1, LIMIT_MAX), LIMIT_DEFAULT)
    .option('--since <time>', 'from this instant on', instantFlag('--since'))
    .addOption(new Option('--kind <kind>', 'what it was done to').choices(ACT_OBJECTS))
    .option('--object <name>', 'its SID, name or number')
    .option('--json', 'print JSON, one act a line')
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
  await commandLine.withStore(options, (store) =>
    printListing(commandLine, options, titles, newestActs(store, filter, options.limit)),
  )
}

async function* newestActs(store: UsageStore, filter: ActFilter, limit: number) {
  let left = limit
  let beforeId: number | undefined
  while (left > 0) {
    const page = await store.listActs(filter, {
      limit: Math.min(left, PAGE_ACTS),
      ...(beforeId !== undefined && { beforeId }),
    })
    if (page.length === 0) return
    yield* page.map(actRow)
    left -= page.length
    beforeId = page.at(-1)?.id
  }
}

function actRow({ at, actor, verb, objectKind, object, details }: Act) {
  return { date_acted: formatInstant(at), actor, verb, kind: objectKind, object, details }
}
