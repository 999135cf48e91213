/** What the commands share: the store of their `--database`, and the ways to print a result. */
import type { Account, Feed } from '../domain/directory.ts'
import { formatInstant } from '../domain/time.ts'
import { UsageError } from '../domain/usage-error.ts'
import { namesServer, openStore, withServerParameters } from '../storage/open-store.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { SETTINGS_FILE_DEFAULT } from './config.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'
import { fromFlags, throwAsWrongUsage } from './failure.ts'
import { SETTINGS, type SettingName, type SettingValue } from './settings.ts'
import { readSettingsFile } from './settings-file.ts'

/**
 * How far the clocks of this machine and of the database's server may be apart before it is said:
 * more than a restart or a slow connection makes of clocks that are kept in time.
 */
export const CLOCK_DRIFT_SECONDS_MAX = 60

export interface DatabaseOption {
  readonly databaseUrl?: string
}

export interface JsonOption {
  readonly json?: boolean
}

export class CommandLine {
  context: CliContext
  /** What the process ends with when the command ends by itself. */
  exitCode: ExitCode = EXIT.done

  constructor(context: CliContext) {
    this.context = context
  }

  /** Reads the settings file, which says what neither flags nor the environment do. */
  readSettings(named: string | undefined): void {
    const { config } = this.context
    const path = named ?? config.settingsFile
    const file = readSettingsFile(path ?? SETTINGS_FILE_DEFAULT, { isNamed: path !== null })
    if (file !== null) this.context = { ...this.context, config: config.withFile(file) }
  }

  /** What environment or file say of a setting. Throws `WrongUsage` for a value that it does not take. */
  setting<Name extends SettingName>(name: Name): SettingValue<Name> | undefined {
    const stated = this.context.config.stated[name]
    if (stated === undefined) return undefined
    const { parse } = SETTINGS[name]
    return fromFlags(() => parse(stated.from, stated.text)) as SettingValue<Name>
  }

  databaseUrl(options: DatabaseOption): string {
    return this.completeUrl(options.databaseUrl ?? this.context.config.databaseUrl)
  }

  /** With what the environment says of logging in to a server. */
  completeUrl(url: string): string {
    return withServerParameters(url, this.context.config.databaseParameters)
  }

  /** Opens the store, made only where the command may do so, and closes it whatever happens. */
  async withStore<T>(
    options: DatabaseOption,
    work: (store: UsageStore) => Promise<T>,
    { create = false }: { readonly create?: boolean } = {},
  ): Promise<T> {
    const url = this.databaseUrl(options)
    const { serverClock } = this.context
    const store = await openStore(url, {
      create,
      onWarning: (warning) => void this.note(`simtally: ${warning}`),
      ...(serverClock === undefined ? {} : { serverClock }),
      onServerTime: (serverTime) => this.#compareClocks(serverTime),
    }).catch((error: unknown) => {
      // Scripts meet every reason for which a server cannot be used as the same exit code.
      if (namesServer(url)) throw error
      return throwAsWrongUsage(error)
    })
    try {
      return await work(store.actingAs({ name: 'operator', clock: this.context.clock }))
    } finally {
      await store.close()
    }
  }

  /** Retention and lateness go by this machine's clock; which one is wrong, nobody here knows. */
  #compareClocks(serverTime: number): void {
    const now = this.context.clock()
    if (Math.abs(now - serverTime) <= CLOCK_DRIFT_SECONDS_MAX) return
    void this.note(
      `simtally: this machine's clock says ${formatInstant(now)}, that of the database's server ${formatInstant(serverTime)}; set the one that is wrong`,
    )
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
