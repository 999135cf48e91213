/** What the environment sets. The only file that reads environment variables. */

/** Where usage is kept when nothing says otherwise. */
const DATABASE_URL_DEFAULT = 'sqlite:./data/simtally.db'

export interface Config {
  /** `SIMTALLY_DATABASE_URL`; `--database` goes before it. */
  readonly databaseUrl: string
  /** `SIMTALLY_LOG_LEVEL`: how much is logged while serving; null leaves it to the command. */
  readonly logLevel: string | null
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return {
    databaseUrl: env.SIMTALLY_DATABASE_URL || DATABASE_URL_DEFAULT,
    logLevel: env.SIMTALLY_LOG_LEVEL || null,
  }
}
