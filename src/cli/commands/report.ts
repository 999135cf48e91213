/** `simtally report`: shows what an account's SIMs used, grouped and filtered as asked. */
import { type Command, Option } from 'commander'
import { completeness } from '../../domain/completeness.ts'
import { addCounters } from '../../domain/counters.ts'
import type { Account } from '../../domain/directory.ts'
import type { UsageWindow } from '../../domain/period.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { NO_USAGE } from '../../domain/usage-query.ts'
import {
  QUESTION_ORDERS,
  type QuestionOrder,
  sourceOf,
  type UsageMember,
  type UsageQuestion,
} from '../../domain/usage-question.ts'
import { PIECE_MEMBERS } from '../../http/member-stream.ts'
import {
  type MemberContext,
  memberCsvHeader,
  memberCsvLine,
  memberJson,
} from '../../http/usage-member.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { limited } from '../listing.ts'
import { memberChart, memberTable } from '../member-text.ts'
import {
  accountOption,
  csvOption,
  jsonOption,
  type LimitOption,
  limitOption,
  withOptions,
} from '../options.ts'
import { formatDuration } from '../quantity-text.ts'
import {
  groupingOptions,
  piecesOf,
  type QuestionOptions,
  questionOf,
  usageFilters,
  windowOf,
} from '../question.ts'
import { findNamedSim } from '../sim-lookup.ts'

interface ReportOptions extends DatabaseOption, JsonOption, LimitOption, QuestionOptions {
  readonly order?: QuestionOrder
  readonly csv?: boolean
}

/** As many as a person reads. */
const LIMIT_DEFAULT = 20

const EXAMPLES = `
Examples:
  simtally report --by sim --month 2026-10
  simtally report --by country,network --start 2026-01-01
  simtally report --by label:customer --granularity monthly --csv
  simtally report --by sim --country MX --group trackers --order -commands --limit 50
  simtally report --account AC0123456789abcdef0123456789abcdef --granularity daily --json

The largest usage comes first, or the oldest if there are several periods; --order changes that.
Usage belongs to the group and the labels that its SIM had at that time. Bounds are widened to whole
hours. Networks and hours of SIMs, groups and labels, and feeds are read from the ledger, for at
most 31 days or one SIM. JSON has the records of the API's Usage, one per line. simtally export
--help says how to make a file of everything.`

export function addReportCommand(program: Command, commandLine: CommandLine): void {
  withOptions(
    program
      .command('report')
      .description('show what the SIMs of an account used, grouped as asked'),
    accountOption(),
    ...groupingOptions(),
    ...usageFilters(),
    new Option(
      '--order <order>',
      'by what to sort, a minus for the largest or latest first',
    ).choices(QUESTION_ORDERS),
    limitOption(LIMIT_DEFAULT),
    jsonOption('record'),
    csvOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => report(commandLine, command.optsWithGlobals()))
}

async function report(commandLine: CommandLine, options: ReportOptions): Promise<void> {
  const window = windowOf(options, commandLine.context.clock())
  const order = options.order ?? (options.granularity === 'all' ? '-data' : 'start')
  await commandLine.withStore(options, async (store) => {
    const account = await accountAsked(store, options)
    const question = await questionOf(store, account, { ...options, order }, window)
    const context = { accountSid: account.sid, granularity: question.granularity, window }
    const startedAt = performance.now()
    const members = limited(commandLine, options, membersOf(store, question, options))
    if (options.json === true) {
      for await (const member of members) await commandLine.print(memberJson(context, member))
    } else if (options.csv === true) {
      await commandLine.print(memberCsvHeader({ resumable: false }))
      for await (const member of members) await commandLine.print(memberCsvLine(context, member))
    } else {
      await printTable(commandLine, store, { account, window, question, context, members })
    }
    if (sourceOf(question) === 'ledger') {
      const took = formatDuration(performance.now() - startedAt)
      await commandLine.note(`The ledger was read for this, in ${took}.`)
    }
  })
}

/** The account that is named, that of the named SIM, or the only one. */
async function accountAsked(store: UsageStore, options: ReportOptions): Promise<Account> {
  if (options.account !== undefined) return accountOf(store, options.account)
  if (options.sim !== undefined) {
    const sim = await findNamedSim(store, options.sim, null)
    return (await store.findAccountById(sim.accountId))!
  }
  const [account, ...others] = await store.listAccounts()
  if (account === undefined) {
    throw new UsageError('not_found', 'there is no account yet', {
      hint: 'simtally account create makes one',
    })
  }
  if (others.length === 0) return account
  throw new WrongUsage(
    'there are several accounts: --account says which one is meant',
    'simtally account list shows them',
  )
}

/** Asks for no more members than are shown, plus one that tells whether there are more. */
async function* membersOf(
  store: UsageStore,
  question: UsageQuestion,
  { limit = PIECE_MEMBERS }: LimitOption,
): AsyncGenerator<UsageMember> {
  const size = Math.min(limit + 1, PIECE_MEMBERS)
  for await (const piece of piecesOf(store, question, size)) yield* piece
}

interface Reported {
  readonly account: Account
  readonly window: UsageWindow
  readonly question: UsageQuestion
  readonly context: MemberContext
  readonly members: AsyncIterable<UsageMember>
}

async function printTable(
  commandLine: CommandLine,
  store: UsageStore,
  { account, window, question, context, members }: Reported,
): Promise<void> {
  const shown = { question, context, members: await Array.fromAsync(members) }
  const total = await totalOf(store, question)
  const now = commandLine.context.clock()
  const { from, through } = completeness(await store.accountCoverage(account.id), now)
  await commandLine.print([
    `${account.sid} ${account.name}`.trimEnd(),
    `${formatInstant(window.statedStart)} to ${formatInstant(window.statedEnd)}`,
    `complete from ${instantOrNull(from) ?? 'not known'}`,
    `complete through ${instantOrNull(through) ?? 'not known'}`,
    '',
  ])
  await commandLine.print(memberTable(shown, total))
  if (shown.members.length > 1) {
    const chart = memberChart(shown, commandLine.context.stdout.width)
    await commandLine.print(['', ...chart])
  }
  if (window.beyondRetention) {
    await commandLine.note(`Usage before ${formatInstant(window.keptFrom)} is no longer kept.`)
  }
}

/** The total of everything that passes the filters, whatever the grouping. */
async function totalOf(store: UsageStore, question: UsageQuestion) {
  const { labelKey: _, ...rest } = question
  const whole: UsageQuestion = { ...rest, groupBy: [], granularity: 'all', order: 'start' }
  let total = NO_USAGE
  for await (const piece of piecesOf(store, whole)) {
    for (const member of piece) total = addCounters(total, member)
  }
  return total
}
