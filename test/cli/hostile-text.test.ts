/**
 * Text from outside reaches a terminal, a log or a spreadsheet only escaped. Every command is run on a
 * store in which every name and value is hostile, and is given hostile arguments.
 */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import type { Argument, Command, Option } from 'commander'
import { CommandLine } from '../../src/cli/command-line.ts'
import { Output, StopRequest } from '../../src/cli/context.ts'
import { LogLines, openLog } from '../../src/cli/log.ts'
import { buildProgram } from '../../src/cli/run.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { aFeed, aKey, anAccount, iccidOf, NOW, newSimSid, sidOf } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const HOSTILE = '=x\u001b[31m\u0007\b\r\n\t\u007f\u0085\u009b2J\u200f\u202e\u2028\u2066y'

const FORBIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it finds
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** These go on until they are stopped, or make things; what they print goes the same way. */
const NOT_RUN = ['serve', 'demo', 'restore', 'help']

const SIM = sidOf('DE', 1)
const ACCOUNT = sidOf('AC', 1)
const FEED = 'f'

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
  await fillStore()
})
after(() => cli.close())

/** The store takes any text: what is refused at its edge today may have come in before. */
async function fillStore(): Promise<void> {
  const store = await openStore(cli.databaseUrl)
  const account = await store.createAccount(anAccount({ sid: ACCOUNT, name: HOSTILE }))
  await store.createApiKey(aKey({ accountId: account.id }))
  const registration = {
    sid: SIM,
    iccid: iccidOf(1),
    uniqueName: HOSTILE,
    friendlyName: HOSTILE,
  }
  await store.registerSims(account.id, [registration], { at: NOW, newSid: newSimSid })
  const sequencePattern = '(?<stream>[^/]*)-(?<sequence>\\d+)$'
  await store.createFeed(aFeed({ name: FEED, format: 'ndjson', sequencePattern }))
  await store.createFeed(aFeed({ name: HOSTILE, settings: { [HOSTILE]: HOSTILE } }))
  await store.close()
  const record = (recordId: string, sim: string) => ({
    record_id: recordId,
    sim,
    occurred_at: '2026-03-01T10:00:00Z',
    plmn: '310-260',
    upload: 1,
  })
  for (const number of [1, 3]) {
    const lines = [
      JSON.stringify(record(HOSTILE, iccidOf(1))),
      JSON.stringify(record('=1+1', iccidOf(1))),
      JSON.stringify(record('z', HOSTILE)),
      `{"raw": ${HOSTILE}`,
    ]
    const path = cli.path(`${HOSTILE}-${number}`)
    writeFileSync(path, lines.map((line) => line.replaceAll('\n', ' ')).join('\n'))
    const { exitCode } = await cli.run(['import', path, '--feed', FEED])
    assert.equal(exitCode, 3)
  }
}

function leavesOf(command: Command, path: readonly string[] = []): [string[], Command][] {
  const below = command.commands.flatMap((child) => leavesOf(child, [...path, child.name()]))
  const own: [string[], Command][] = path.length > 0 ? [[[...path], command]] : []
  return [...own, ...below].filter(([[first]]) => !NOT_RUN.includes(first!))
}

function allCommands(): [string[], Command][] {
  const silent = new Output(new Writable({ write: (_chunk, _encoding, done) => done() }))
  const context = {
    config: { databaseUrl: cli.databaseUrl, logLevel: null },
    clock: () => NOW,
    cores: 1,
    stdin: process.stdin,
    stdout: silent,
    stderr: silent,
    stop: new StopRequest(),
  }
  return leavesOf(buildProgram(new CommandLine(context as never)))
}

/** What fits an argument or an option of this name, where something does; else it is hostile. */
function valueFor(name: string): string {
  if (/file|folder|path|watch|mapping/.test(name)) return cli.path(`${HOSTILE}-1`)
  if (/^sim$/.test(name)) return SIM
  if (/account/.test(name)) return ACCOUNT
  if (/feed/.test(name)) return FEED
  if (/^import$|^from$|^entry$/.test(name)) return '1'
  if (/^to$/.test(name)) return '2'
  return HOSTILE
}

function argumentsOf(command: Command): string[] {
  const needed = ({ mandatory, required }: Option) => mandatory || required
  const optional = command.options.filter((option) => /by|reason|account|feed/.test(option.name()))
  const options = new Set([...command.options.filter((o) => o.mandatory && needed(o)), ...optional])
  return [
    ...command.registeredArguments.map((argument: Argument) => valueFor(argument.name())),
    ...[...options].flatMap((option) => [
      option.long!,
      ...(option.required ? [option.argChoices?.[0] ?? valueFor(option.name())] : []),
    ]),
  ]
}

async function assertHarmless(args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await cli.run(args)
  for (const text of [stdout, stderr]) {
    const found = FORBIDDEN.exec(text)
    assert.equal(found, null, `${args[0]} ${args[1]}: ${JSON.stringify(text.slice(0, 2_000))}`)
  }
  // A line break of ours is followed by words of ours; the one in the name by the tab after it.
  assert.doesNotMatch(stdout + stderr, /\n\\u0009/)
  return stdout
}

describe('hostile text', () => {
  it('stands escaped in what lists it', async () => {
    for (const args of [
      ['account', 'list'],
      ['sim', 'list', '--account', ACCOUNT],
      ['feed', 'list'],
      ['gap', 'list', '--feed', FEED],
      ['import', 'list'],
      ['quarantine', 'list'],
      ['quarantine', 'show', '1:1'],
      ['event', 'list', SIM, '--start', '2026-03-01', '--end', '2026-03-02'],
      ['usage', SIM, '--start', '2026-03-01', '--end', '2026-03-02'],
    ]) {
      for (const form of [[], ['--json']]) {
        const stdout = await assertHarmless([...args, ...form])
        if (!/show|usage/.test(args.join())) assert.match(stdout, /\\(u00|x)1b/, args.join(' '))
      }
    }
  })

  it('is no formula in CSV', async () => {
    const args = ['event', 'list', SIM, '--start', '2026-03-01', '--end', '2026-03-02', '--csv']
    const stdout = await assertHarmless(args)
    assert.match(stdout, /,'=1\+1,/)
    assert.doesNotMatch(stdout, /(?:^|,)"?[=+@-]/m)
  })

  it('cannot forge a line of the log', async () => {
    let text = ''
    const stream = new Writable({
      decodeStrings: false,
      write: (chunk, _, done) => {
        text += String(chunk)
        done()
      },
    })
    const lines = new LogLines(new Output(stream))
    const log = await openLog('info', lines)
    log.info({ source: HOSTILE, error: new Error(HOSTILE) }, HOSTILE)
    lines.close()
    assert.equal(FORBIDDEN.exec(text), null)
    assert.equal(text.match(/\n/g)?.length, 1)
    assert.equal((JSON.parse(text) as { source: string }).source, HOSTILE)
  })

  it('comes back from JSON as it was', async () => {
    const accounts = await cli.json<{ name: string }>(['account', 'list'])
    assert.equal(accounts[0]?.name, HOSTILE)
  })

  it('is told of files in a drop folder', async () => {
    const folder = cli.path('drop')
    mkdirSync(folder)
    mkdirSync(cli.path(`drop/${HOSTILE}`))
    writeFileSync(cli.path(`drop/a${HOSTILE}.csv`), 'no records')
    await assertHarmless([
      ...['import', '--watch', folder, '--feed', FEED, '--once', '--settle', '0'],
    ])
  })

  // Last: some commands take away what others list.
  it('reaches no terminal, whatever the command', async () => {
    const commands = allCommands()
    assert.ok(commands.length > 20, `only ${commands.length} commands`)
    for (const [path, command] of commands) {
      await assertHarmless([...path, ...argumentsOf(command)])
      await assertHarmless([...path, HOSTILE, `--${HOSTILE}`])
    }
  })
})
