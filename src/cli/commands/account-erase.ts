/**
 * `simtally account erase`: removes for good whatever names an account, its SIMs and those who may log in.
 */
import type { Command } from 'commander'
import { type Account, isErased, type Sim } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { hashSecret, newSecret, newSid } from '../../domain/secret.ts'
import type { Erasure, UsageStore } from '../../storage/usage-store.ts'
import { accountOf, type CommandLine } from '../command-line.ts'
import { sidFlag } from '../option-values.ts'
import { byOption, dryRunOption, jsonOption, reasonOption, withOptions } from '../options.ts'
import { countOf } from '../quantity-text.ts'
import { type EraseOptions, erasureOf, noteLeftBytes } from './sim-erase.ts'

const EXAMPLES = `
Examples:
  simtally account erase AC0123456789abcdef0123456789abcdef --by Ada --reason 'contract ended' --dry-run
  simtally account erase AC0123456789abcdef0123456789abcdef --by Ada --reason 'contract ended'

Erases each of its SIMs, as simtally sim erase does, then its name, the names of its groups and
keys, its grants, and its own deliveries in quarantine. Its auth token and its keys end. Its totals
stay under its SID, for the operator. If the command is stopped, run it again: it continues with the
remaining SIMs.`

export function addAccountEraseCommand(account: Command, commandLine: CommandLine): void {
  withOptions(
    account
      .command('erase')
      .description('remove for good whatever names an account and its SIMs, and end its keys')
      .argument('<sid>', 'the account, AC…', sidFlag('sid', 'AC')),
    byOption().makeOptionMandatory(),
    reasonOption().makeOptionMandatory(),
    dryRunOption(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((sid: Sid, _: unknown, command: Command) =>
      erase(commandLine, sid, command.optsWithGlobals()),
    )
}

async function erase(commandLine: CommandLine, sid: Sid, options: EraseOptions): Promise<void> {
  const given = erasureOf(commandLine, options)
  const { gone, isOverwritten } = await commandLine.withStore(options, async (store) => {
    const gone = await eraseAll(store, await accountOf(store, sid), given)
    return { gone, isOverwritten: given.dryRun || (await store.overwriteDeleted()) }
  })
  const { sims, usageEvents, versions, keys, groups, quarantineEntries } = gone
  if (options.json === true) {
    await commandLine.printJson({
      ...{ dry_run: given.dryRun, sid, sims, usage_events: usageEvents, versions, keys, groups },
      quarantine_entries: quarantineEntries,
    })
  } else {
    const told = [
      countOf(sims, 'SIM'),
      countOf(usageEvents, 'usage event'),
      countOf(versions, 'replaced version'),
      countOf(keys, 'key'),
      countOf(groups, 'group'),
      countOf(quarantineEntries, 'quarantined record'),
    ].join(', ')
    await commandLine.print(given.dryRun ? `would be erased: ${told}` : `erased: ${told}`)
    if (!given.dryRun) await commandLine.print(`its totals stay under ${sid}`)
  }
  if (!isOverwritten) await noteLeftBytes(commandLine)
}

/**
 * Erases SIM by SIM, so that other writers get their turn, and the account last, so that the command can be
 * repeated.
 */
async function eraseAll(store: UsageStore, account: Account, given: Erasure) {
  let [sims, usageEvents, versions, waiting] = [0, 0, 0, 0]
  for await (const sim of simsOf(store, account)) {
    if (isErased(sim)) continue
    const outcome = await store.eraseSim(sim.id, { ...given, newSid: newSid('DE') })
    sims++
    usageEvents += outcome.usageEvents
    versions += outcome.versions
    waiting += outcome.quarantineEntries
  }
  const unusableHash = hashSecret(newSecret())
  const outcome = await store.eraseAccount(account.id, { ...given, unusableHash })
  const quarantineEntries = waiting + outcome.quarantineEntries
  return { ...outcome, sims, usageEvents, versions, quarantineEntries }
}

const PAGE_SIMS = 1_000

async function* simsOf(store: UsageStore, { id: accountId }: Account): AsyncGenerator<Sim> {
  let afterId = 0
  for (;;) {
    const page = await store.listSims({ accountId }, { afterId, limit: PAGE_SIMS })
    yield* page
    if (page.length < PAGE_SIMS) return
    afterId = page.at(-1)!.id
  }
}
