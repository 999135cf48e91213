/** `simtally account retire`: nobody can log in to the account any more, but all of its usage stays. */
import type { Command } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { hashSecret, newSecret } from '../../domain/secret.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { sidFlag } from '../option-values.ts'
import { jsonOption, withOptions } from '../options.ts'
import { countOf } from '../quantity-text.ts'

const EXAMPLES = `
Example:
  simtally account retire AC0123456789abcdef0123456789abcdef

Its auth token and its keys end at once. Nothing else changes: its SIMs, its usage and its groups
stay, the operator can still ask for them, and late records count. If the account comes back, run
simtally account rotate-token.`

export function addAccountRetireCommand(account: Command, commandLine: CommandLine): void {
  withOptions(
    account
      .command('retire')
      .description('end the auth token and the keys of an account; its usage stays')
      .argument('<sid>', 'the account, AC…', sidFlag('sid', 'AC')),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((sid: Sid, _: unknown, command: Command) =>
      retire(commandLine, sid, command.optsWithGlobals()),
    )
}

async function retire(
  commandLine: CommandLine,
  sid: Sid,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const at = commandLine.context.clock()
  const ended = await commandLine.withStore(options, async (store) => {
    const { id } = await accountOf(store, sid)
    // The hash of a secret that nobody learns.
    await store.rotateAuthToken(id, { hash: hashSecret(newSecret()), previousUntil: at })
    const keys = (await store.listApiKeys()).filter(
      (key) => key.accountSid === sid && key.revokedAt === null,
    )
    for (const key of keys) await store.revokeApiKey(key.sid, at)
    return keys.length
  })
  if (options.json === true) await commandLine.printJson({ sid, keys_revoked: ended })
  else
    await commandLine.print(`${sid} is retired: its token and ${countOf(ended, 'key')} have ended`)
}
