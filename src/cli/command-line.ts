/** What all commands share: the store that `--database` names, and the ways to print a result. */
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
 * How far the clocks of this machine and the database server may differ before a warning. Restarts and slow
 * connections cause smaller differences between synchronized clocks.
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
  /** The exit code if the command ends by itself. */
  exitCode: ExitCode = EXIT.done

  constructor(context: CliContext) {
    this.context = context
  }

  /** Reads the settings file, which applies to whatever flags and environment leave open. */
  readSettings(named: string | undefined): void {
    const { config } = this.context
    const path = named ?? config.settingsFile
    const file = readSettingsFile(path ?? SETTINGS_FILE_DEFAULT, { isNamed: path !== null })
    if (file !== null) this.context = { ...this.context, config: config.withFile(file) }
  }

  /** A setting's value from the environment or the file. Throws `WrongUsage` for an invalid value. */
  setting<Name extends SettingName>(name: Name): SettingValue<Name> | undefined {
    const stated = this.context.config.stated[name]
    if (stated === undefined) return undefined
    const { parse } = SETTINGS[name]
    return fromFlags(() => parse(stated.from, stated.text)) as SettingValue<Name>
  }

  databaseUrl(options: DatabaseOption): string {
    return this.completeUrl(options.databaseUrl ?? this.context.config.databaseUrl)
  }

  /** Adds what the environment says about logging in to a server. */
  completeUrl(url: string): string {
    return withServerParameters(url, this.context.config.databaseParameters)
  }

  /** Opens the store, creating it only if the command may, and closes it whatever happens. */
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
      // Scripts get the same exit code for every reason why a server cannot be used.
      if (namesServer(url)) throw error
      return throwAsWrongUsage(error)
    })
    try {
      return await work(store.actingAs({ name: 'operator', clock: this.context.clock }))
    } finally {
      await store.close()
    }
  }

  /** Retention and lateness use this machine's clock. Simtally cannot know which of the two is wrong. */
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

  /** One JSON value on one line, so that a listing has one line per entry. */
  printJson(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value))
  }

  /** For a person who waits. Goes to stderr, so that results can be piped. */
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
    hint: 'simtally account list shows the existing ones',
  })
}

export async function feedOf(store: UsageStore, name: string): Promise<Feed> {
  const feed = await store.findFeed(name)
  if (feed !== null) return feed
  throw new UsageError('not_found', `there is no feed ${JSON.stringify(name)}`, {
    hint: `simtally feed create ${name} --format csv makes it; simtally feed list shows the others`,
  })
}
