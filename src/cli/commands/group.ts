/** `simtally group`: creates, renames and shows groups of SIMs. */
import { type Command, Option } from 'commander'
import { parseUniqueName } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { newSid } from '../../domain/secret.ts'
import type { SimGroup } from '../../domain/sim-group.ts'
import { formatInstant } from '../../domain/time.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { groupNamed } from '../group-lookup.ts'
import { oldestFirst, printFacts, printListing } from '../listing.ts'
import { flag } from '../option-values.ts'
import {
  accountFilter,
  accountOption,
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  withOptions,
} from '../options.ts'

interface GroupOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly uniqueName?: string
}

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {
  readonly account?: Sid
}

const CREATE_EXAMPLES = `
Examples:
  simtally group create --account AC0123456789abcdef0123456789abcdef --unique-name trackers
  simtally group create --account AC0123456789abcdef0123456789abcdef --json

A SIM is in one group at a time. simtally sim set and simtally sim import put SIMs into groups; usage belongs to the group that its SIM was in at that time.`

const LIST_EXAMPLES = `
Examples:
  simtally group list
  simtally group list --account AC0123456789abcdef0123456789abcdef --json`

const SHOW_EXAMPLES = `
Examples:
  simtally group show trackers
  simtally group show HF0123456789abcdef0123456789abcdef --json`

const SET_EXAMPLES = `
Examples:
  simtally group set trackers --unique-name trackers-eu
  simtally group set HF0123456789abcdef0123456789abcdef --unique-name ""

An empty name removes the name. The group keeps its SIMs.`

export function addGroupCommand(program: Command, commandLine: CommandLine): void {
  const group = program.command('group').description('create groups of SIMs, name and show them')
  withOptions(
    group.command('create').description('make a group'),
    accountOption().makeOptionMandatory(),
    nameOption(),
    jsonOption(),
  )
    .addHelpText('after', CREATE_EXAMPLES)
    .action((_: unknown, command: Command) => create(commandLine, command.optsWithGlobals()))
  withOptions(
    group.command('list').description('show the groups of an account, or of all'),
    accountFilter(),
    searchOption(),
    limitOption(),
    jsonOption('group'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    group
      .command('show')
      .description('show everything known about one group')
      .argument('<group>', 'the group, by SID or unique name'),
    accountOption(),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      show(commandLine, name, command.optsWithGlobals()),
    )
  withOptions(
    group
      .command('set')
      .description('change the name of a group')
      .argument('<group>', 'the group, by SID or unique name'),
    accountOption(),
    nameOption().makeOptionMandatory(),
    jsonOption(),
  )
    .addHelpText('after', SET_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      set(commandLine, name, command.optsWithGlobals()),
    )
}

function nameOption(): Option {
  return new Option('--unique-name <name>', 'its name in records and URLs').argParser(
    flag('--unique-name', parseUniqueName),
  )
}

async function create(commandLine: CommandLine, options: GroupOptions): Promise<void> {
  const { uniqueName = '' } = options
  const group = await commandLine.withStore(options, async (store) => {
    const { id } = await accountOf(store, options.account!)
    const stated = { sid: newSid('HF'), uniqueName: uniqueName || null, settings: {} }
    return store.createGroup(id, stated, commandLine.context.clock())
  })
  await printFacts(commandLine, options, groupRow(group))
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const titles = {
    sid: 'SID',
    unique_name: 'UNIQUE NAME',
    account_sid: 'ACCOUNT',
    date_created: 'CREATED',
  }
  await commandLine.withStore(options, (store) =>
    printListing(commandLine, options, titles, rowsOf(store, options)),
  )
}

async function* rowsOf(store: UsageStore, options: ListOptions) {
  const accounts =
    options.account === undefined
      ? await store.listAccounts()
      : [await accountOf(store, options.account)]
  for (const { id: accountId } of accounts) {
    for await (const group of oldestFirst((page) => store.listGroups({ accountId }, page))) {
      if (matches(options, group.uniqueName, group.sid)) yield groupRow(group)
    }
  }
}

async function show(commandLine: CommandLine, name: string, options: GroupOptions): Promise<void> {
  const group = await commandLine.withStore(options, (store) => found(store, name, options))
  await printFacts(commandLine, options, groupRow(group))
}

async function set(commandLine: CommandLine, name: string, options: GroupOptions): Promise<void> {
  const { uniqueName = '' } = options
  const group = await commandLine.withStore(options, async (store) => {
    const { id } = await found(store, name, options)
    return store.updateGroup(id, { uniqueName }, commandLine.context.clock())
  })
  await printFacts(commandLine, options, groupRow(group))
}

async function found(store: UsageStore, name: string, { account }: GroupOptions) {
  return groupNamed(store, name, account === undefined ? null : await accountOf(store, account))
}

function groupRow({ sid, uniqueName, accountSid, createdAt, updatedAt }: SimGroup) {
  return {
    sid,
    unique_name: uniqueName,
    account_sid: accountSid,
    date_created: formatInstant(createdAt),
    date_updated: formatInstant(updatedAt),
  }
}
