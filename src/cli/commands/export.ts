/** `simtally export`: writes what whole fleets used, as a file on standard output. */
import { type Command, Option } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { memberCsvHeader, memberCsvLine, memberJson } from '../../http/usage-member.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { accountFilter, jsonOption, withOptions } from '../options.ts'
import { countOf, formatDuration } from '../quantity-text.ts'
import {
  groupingOptions,
  piecesOf,
  type QuestionOptions,
  questionOf,
  windowOf,
} from '../question.ts'

const FORMATS = ['csv', 'ndjson'] as const

interface ExportOptions extends DatabaseOption, JsonOption, QuestionOptions {
  readonly account?: Sid
  readonly format: (typeof FORMATS)[number]
}

const EXAMPLES = `
Examples:
  simtally export --month 2026-10 --by sim > october.csv
  simtally export --month 2026-10 --by sim,country --granularity daily --format ndjson | gzip > october.gz
  simtally export --by label:customer --account AC0123456789abcdef0123456789abcdef

Exports the accounts in the order of their creation. CSV starts with a header and is safe to open in
a spreadsheet: a cell that would be a formula begins with an apostrophe. Memory use does not grow
with the number of records. If a file is cut off, make it again: the same question has the same
answer.`

export function addExportCommand(program: Command, commandLine: CommandLine): void {
  withOptions(
    program.command('export').description('write what whole fleets used to standard output'),
    accountFilter(),
    ...groupingOptions(),
    new Option('--format <format>', 'the format of the file').choices(FORMATS).default('csv'),
    jsonOption('record'),
  )
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => exportUsage(commandLine, command.optsWithGlobals()))
}

async function exportUsage(commandLine: CommandLine, options: ExportOptions): Promise<void> {
  const { stdout, clock } = commandLine.context
  const window = windowOf(options, clock())
  const isCsv = options.format === 'csv' && options.json !== true
  const startedAt = performance.now()
  let count = 0
  await commandLine.withStore(options, async (store) => {
    const accounts =
      options.account === undefined
        ? await store.listAccounts()
        : [await accountOf(store, options.account)]
    if (isCsv) await commandLine.print(memberCsvHeader({ resumable: false }))
    for (const account of accounts) {
      const question = await questionOf(store, account, { ...options, order: 'start' }, window)
      const context = { accountSid: account.sid, granularity: question.granularity, window }
      const lineOf = isCsv ? memberCsvLine : memberJson
      for await (const members of piecesOf(store, question)) {
        if (stdout.closed) return
        await commandLine.print(members.map((member) => lineOf(context, member)))
        count += members.length
      }
    }
  })
  const took = formatDuration(performance.now() - startedAt)
  await commandLine.note(`${countOf(count, 'record')} in ${took}`)
}
