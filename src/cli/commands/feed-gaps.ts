/** `simtally feed gaps` and `accept-gap`: deliveries that are missing, and accepting that they are. */
import type { Command } from 'commander'
import { feedGaps } from '../../domain/completeness.ts'
import { parseName } from '../../domain/directory.ts'
import { parseGapEnd, parseReason, parseSequenceNumber } from '../../domain/feed-statements.ts'
import { formatInstant } from '../../domain/time.ts'
import { invalidField } from '../../domain/usage-error.ts'
import { acceptedGapToApi, gapToApi } from '../../http/schemas/feed-status.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { flag } from '../option-values.ts'
import { formatAge } from '../quantity-text.ts'

interface AcceptOptions extends DatabaseOption, JsonOption {
  readonly stream: string
  readonly from: number
  readonly to: number | 'end'
  readonly by: string
  readonly reason: string
}

const GAPS_EXAMPLES = `
Examples:
  simtally feed gaps roamco
  simtally feed gaps roamco --json

A gap is a number between the smallest and the largest that came, of a stream of files that are
numbered by their format or by their names (feed set --sequence-pattern). Until it is filled or
accepted, the feed is complete only through the delivery before it.`

const ACCEPT_EXAMPLES = `
Examples:
  simtally feed accept-gap roamco --stream AAAAABBBBB --from 42 --to 43 --by Ada --reason 'never made'
  simtally feed accept-gap roamco --from 7 --to 7 --by Ada --reason 'lost, see ticket 12'
  simtally feed accept-gap roamco --stream AAAAABBBBB --from 99 --to end --by Ada --reason 'contract ended'

The last one says that nothing comes after 98, so that the stream holds nothing back. A delivery
that comes all the same is counted, and its number is missing no more.`

export function addFeedGapCommands(feed: Command, commandLine: CommandLine): void {
  feed
    .command('gaps')
    .description('show which deliveries of a feed are missing')
    .argument('<name>', 'the feed')
    .option('--json', 'print JSON, one gap a line')
    .addHelpText('after', GAPS_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      listGaps(commandLine, name, command.optsWithGlobals()),
    )
  feed
    .command('accept-gap')
    .description('accept that deliveries of a feed do not come')
    .argument('<name>', 'the feed')
    .option('--stream <name>', 'which of its streams, as feed gaps shows it', '')
    .requiredOption('--from <number>', 'the first one', flag('--from', parseSequenceNumber))
    .requiredOption('--to <number>', 'the last one, or end', flag('--to', parseTo))
    .requiredOption('--by <name>', 'who accepts it', flag('--by', parseBy))
    .requiredOption('--reason <text>', 'why', flag('--reason', parseReason))
    .option('--json', 'print JSON')
    .addHelpText('after', ACCEPT_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      acceptGap(commandLine, name, command.optsWithGlobals()),
    )
}

/** Commander has no place for a null. */
function parseTo(field: string, text: string): number | 'end' {
  return parseGapEnd(field, text) ?? 'end'
}

export function parseBy(field: string, text: string): string {
  const name = parseName(field, text)
  if (name !== '') return name
  throw invalidField(field, text, 'expected the name of a person')
}

async function listGaps(
  commandLine: CommandLine,
  name: string,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const now = commandLine.context.clock()
  const gaps = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const progress = (await store.listFeedProgress()).find(({ feedId }) => feedId === feed.id)
    return progress === undefined ? [] : feedGaps(progress).map((gap) => gapToApi(feed, gap, now))
  })
  if (options.json === true) {
    for (const gap of gaps) await commandLine.printJson(gap)
    return
  }
  const titles = {
    stream: 'STREAM',
    from: 'FROM',
    to: 'TO',
    count: 'COUNT',
    age: 'AGE',
    status: 'STATUS',
    accepted: 'ACCEPTED BY',
    reason: 'REASON',
  }
  const rows = gaps.map(({ stream, from, to, count, age_seconds, status, accepted }) => ({
    stream,
    from,
    to,
    count,
    age: formatAge(age_seconds),
    status,
    accepted: accepted === null ? null : `${accepted.by}, ${accepted.date}`,
    reason: accepted?.reason ?? null,
  }))
  await printListing(commandLine, options, titles, rows)
}

async function acceptGap(
  commandLine: CommandLine,
  name: string,
  options: AcceptOptions,
): Promise<void> {
  const { stream, from, by, reason } = options
  const to = options.to === 'end' ? null : options.to
  const at = commandLine.context.clock()
  const accepted = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const gap = { stream, from, to }
    const progress = await store.acceptGap(feed.id, gap, { by, reason, at })
    return acceptedGapToApi(feed, { ...gap, by, reason, at }, progress)
  })
  if (options.json === true) {
    await commandLine.printJson(accepted)
    return
  }
  const what = to === null ? `the end before ${from}` : `${from} to ${to}`
  const { open_gaps, complete_through } = accepted
  await commandLine.print(
    `feed ${name}: ${what} accepted by ${by} at ${formatInstant(at)}; ` +
      `open gaps ${open_gaps}, complete through ${complete_through ?? 'not known'}`,
  )
}
