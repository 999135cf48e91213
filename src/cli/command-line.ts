/** What the commands share: the store of their `--database`, and the ways to print a result. */
import type { Account, Feed } from '../domain/directory.ts'
import { UsageError } from '../domain/usage-error.ts'
import { namesServer, openStore } from '../storage/open-store.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'
import { throwAsWrongUsage } from './failure.ts'

export interface DatabaseOption {
  readonly database?: string
}

export interface JsonOption {
  readonly json?: boolean
}

export class CommandLine {
  readonly context: CliContext
  /** What the process ends with when the command ends by itself. */
  exitCode: ExitCode = EXIT.done

  constructor(context: CliContext) {
    this.context = context
  }

  databaseUrl(options: DatabaseOption): string {
    return options.database ?? this.context.config.databaseUrl
  }

  /** Opens the store, creating it when there is none, and closes it whatever happens. */
  async withStore<T>(options: DatabaseOption, work: (store: UsageStore) => Promise<T>): Promise<T> {
    const url = this.databaseUrl(options)
    const { serverClock } = this.context
    const store = await openStore(url, serverClock && { serverClock }).catch((error: unknown) => {
      // Scripts meet every reason for which a server cannot be used as the same exit code.
      if (namesServer(url)) throw error
      return throwAsWrongUsage(error)
    })
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }

  /** One line, or several. */
  print(text: string | readonly string[]): Promise<void> {
    return this.context.stdout.line(text)
  }

  /** One JSON value on one line: a listing is one line an entry. */
  printJson(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value))
  }

  /** For a person who waits: goes to stderr, so that results can be piped. */
  note(text: string): Promise<void> {
    return this.context.stderr.line(text)
  }
}

export async function accountOf(
  store: Pick<UsageStore, 'findAccount'>,
  sid: string,
): Promise<Account> {
  const account = await store.findAccount(sid)
  if (account !== null) return account
  throw new UsageError('not_found', `there is no account ${sid}`, {
    hint: 'simtally account list shows those there are',
  })
}

export async function feedOf(store: UsageStore, name: string): Promise<Feed> {
  const feed = await store.findFeed(name)
  if (feed !== null) return feed
  throw new UsageError('not_found', `there is no feed ${JSON.stringify(name)}`, {
    hint: `simtally feed create ${name} --format csv makes it; simtally feed list shows the others`,
  })
}
