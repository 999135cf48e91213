/** What the environment sets. The only file that reads environment variables. */

/** Where usage is kept when nothing says otherwise. */
const DATABASE_URL_DEFAULT = 'sqlite:./data/simtally.db'

export interface Config {
  /** `SIMTALLY_DATABASE_URL`; `--database` goes before it. */
  readonly databaseUrl: string
  /** `SIMTALLY_LOG_LEVEL`: how much is logged while serving; null leaves it to the command. */
  readonly logLevel: string | null
  /** `SIMTALLY_LIMIT_…`, by the variable's name: see `domain/limits.ts`. */
  readonly limits: Readonly<Record<string, string>>
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return {
    databaseUrl: env.SIMTALLY_DATABASE_URL || DATABASE_URL_DEFAULT,
    logLevel: env.SIMTALLY_LOG_LEVEL || null,
    limits: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        name.startsWith('SIMTALLY_LIMIT_') && value ? [[name, value]] : [],
      ),
    ),
  }
}
