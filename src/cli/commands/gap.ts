/** `simtally gap`: lists missing deliveries, and accepts that they are missing. */
import { type Command, Option } from 'commander'
import { feedGaps } from '../../domain/completeness.ts'
import { parseGapEnd, parseSequenceNumber } from '../../domain/feed-statements.ts'
import { formatInstant } from '../../domain/time.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { flag } from '../option-values.ts'
import {
  byOption,
  feedFilter,
  feedOption,
  jsonOption,
  type LimitOption,
  limitOption,
  reasonOption,
  statusOption,
  withOptions,
} from '../options.ts'
import { formatAge } from '../quantity-text.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption {
  readonly feed?: string
  readonly status?: GapStatus
}

interface AcceptOptions extends DatabaseOption, JsonOption {
  readonly feed: string
  readonly stream: string
  readonly from: number
  readonly to: number | 'end'
  readonly by: string
  readonly reason: string
}

const GAP_STATUSES = ['open', 'accepted'] as const
type GapStatus = (typeof GAP_STATUSES)[number]

const LIST_EXAMPLES = `
Examples:
  simtally gap list
  simtally gap list --feed roamco --status open --json

A gap is a missing number between the smallest and the largest that came, in a stream of files that
are numbered by their format or by their names (feed set --sequence-pattern). Until it is filled or
accepted, the feed is complete only through the delivery before it.`

const ACCEPT_EXAMPLES = `
Examples:
  simtally gap accept --feed roamco --stream AAAAABBBBB --from 42 --to 43 --by Ada --reason 'never made'
  simtally gap accept --feed roamco --from 7 --to 7 --by Ada --reason 'lost, see ticket 12'
  simtally gap accept --feed roamco --stream AAAAABBBBB --from 99 --to end --by Ada --reason 'contract ended'

The last example says that nothing comes after 98, so that the stream holds nothing back. If a
delivery comes after all, it is counted, and its number is no longer missing.`

export function addGapCommand(program: Command, commandLine: CommandLine): void {
  const gap = program
    .command('gap')
    .description('show which deliveries are missing, and accept that they will not come')
  withOptions(
    gap.command('list').description('show which deliveries of numbered feeds are missing'),
    feedFilter(),
    statusOption(GAP_STATUSES),
    limitOption(),
    jsonOption('gap'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => listGaps(commandLine, command.optsWithGlobals()))
  withOptions(
    gap.command('accept').description('accept that deliveries of a feed will not come'),
    feedOption().makeOptionMandatory(),
    new Option('--stream <name>', 'which of its streams, as gap list shows it').default(''),
    new Option('--from <number>', 'the first one')
      .argParser(flag('--from', parseSequenceNumber))
      .makeOptionMandatory(),
    new Option('--to <number>', 'the last one, or end')
      .argParser(flag('--to', parseTo))
      .makeOptionMandatory(),
    byOption().makeOptionMandatory(),
    reasonOption().makeOptionMandatory(),
    jsonOption(),
  )
    .addHelpText('after', ACCEPT_EXAMPLES)
    .action((_: unknown, command: Command) => acceptGap(commandLine, command.optsWithGlobals()))
}

/** Commander's options have no null. */
function parseTo(field: string, text: string): number | 'end' {
  return parseGapEnd(field, text) ?? 'end'
}

async function listGaps(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const now = commandLine.context.clock()
  const gaps = await commandLine.withStore(options, async (store) => {
    const feeds =
      options.feed === undefined ? await store.listFeeds() : [await feedOf(store, options.feed)]
    const progress = await store.listFeedProgress()
    const { gapToApi } = await import('../../http/schemas/feed-status.ts')
    return feeds.flatMap((feed) => {
      const found = progress.find(({ feedId }) => feedId === feed.id)
      return found === undefined ? [] : feedGaps(found).map((gap) => gapToApi(feed, gap, now))
    })
  })
  const titles = {
    feed: 'FEED',
    stream: 'STREAM',
    from: 'FROM',
    to: 'TO',
    count: 'COUNT',
    age: 'AGE',
    status: 'STATUS',
    by: 'ACCEPTED BY',
    reason: 'REASON',
  }
  const rows = gaps
    .filter(({ status }) => options.status === undefined || status === options.status)
    .map((gap) => ({
      ...gap,
      age: formatAge(gap.age_seconds),
      by: gap.accepted === null ? null : `${gap.accepted.by}, ${gap.accepted.date}`,
      reason: gap.accepted?.reason ?? null,
    }))
  await printListing(
    commandLine,
    options,
    titles,
    rows,
    ({ age: _, by: __, reason: ___, ...gap }) => gap,
  )
}

async function acceptGap(commandLine: CommandLine, options: AcceptOptions): Promise<void> {
  const { feed: name, stream, from, by, reason } = options
  const to = options.to === 'end' ? null : options.to
  const at = commandLine.context.clock()
  const accepted = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const gap = { stream, from, to }
    const progress = await store.acceptGap(feed.id, gap, { by, reason, at })
    const { acceptedGapToApi } = await import('../../http/schemas/feed-status.ts')
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
