/** `simtally sim move`: gives a SIM to another account from some time on. */
import { type Command, Option } from 'commander'
import { parseSid, type Sid } from '../../domain/identifiers.ts'
import { requirePast } from '../../domain/question-text.ts'
import { formatInstant } from '../../domain/time.ts'
import { withFieldNamed } from '../../domain/usage-error.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { fromFlags, throwAsWrongUsage } from '../failure.ts'
import { printFacts } from '../listing.ts'
import { flag } from '../option-values.ts'
import { accountOption, jsonOption, sinceOption, withOptions } from '../options.ts'
import { findNamedSim } from '../sim-lookup.ts'

interface MoveOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly to: Sid
  readonly since?: number
}

const EXAMPLES = `
Examples:
  simtally sim move truck-1 --to AC0123456789abcdef0123456789abcdef
  simtally sim move 8901260000010000018 --to AC0123456789abcdef0123456789abcdef --since 2026-02-01
  simtally sim move DE0123456789abcdef0123456789abcdef --to AC0123456789abcdef0123456789abcdef --json

Usage before --since, else before now, stays with the account that had the SIM, even if its records
come later. Later usage is the other account's, even if it is already counted. Numbers, home set and
status move along; names, callback URLs, group and labels end. With --account, simtally usage, event
and report show what an account used with a SIM that it no longer has.

A move must be dated after the SIM's last one and not before its registration. Usage that an account
delivered itself, or a feed that is bound to one, does not move: undo those imports first.`

const FLAGS = { since: '--since', account: '--to' } as const

export function addSimMoveCommand(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim
      .command('move')
      .description('give a SIM to another account; earlier usage stays with the old one')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    new Option('--to <account>', 'the account that has it from then on')
      .argParser(flag('--to', (field, text) => parseSid(field, text, 'AC')))
      .makeOptionMandatory(),
    sinceOption(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      move(commandLine, name, command.optsWithGlobals()),
    )
}

async function move(commandLine: CommandLine, name: string, options: MoveOptions): Promise<void> {
  const { since } = options
  const at = commandLine.context.clock()
  if (since !== undefined) fromFlags(() => requirePast('--since', since, at))
  const facts = await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const to = await accountOf(store, options.to)
    const sim = await findNamedSim(store, name, account)
    const asked = { toAccountId: to.id, ...(since !== undefined && { since }) }
    const outcome = await store
      .moveSim(sim.id, asked, at)
      .catch((error: unknown) => throwAsWrongUsage(withFieldNamed(error, FLAGS)))
    return {
      sid: sim.sid,
      from: outcome.fromAccountSid,
      to: to.sid,
      since: formatInstant(outcome.since),
      events: outcome.events,
    }
  })
  await printFacts(commandLine, options, facts)
}
