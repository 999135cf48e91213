/** What the environment sets. The only file that reads environment variables. */

/** Where usage is kept when nothing says otherwise. */
const DATABASE_URL_DEFAULT = 'sqlite:./data/simtally.db'

export interface Config {
  /** `SIMTALLY_DATABASE_URL`; `--database` goes before it. */
  readonly databaseUrl: string
  /** What the URL of a database server takes as parameters where it does not say itself. */
  readonly databaseParameters: Readonly<Record<string, string>>
  /** `SIMTALLY_LOG_LEVEL`: how much is logged while serving; null leaves it to the command. */
  readonly logLevel: string | null
  /** `SIMTALLY_EMPTY_BRANCHES`; `serve --empty-branches` goes before it. */
  readonly emptyBranches: string | null
  /** `SIMTALLY_LIMIT_…`, by the variable's name: see `domain/limits.ts`. */
  readonly limits: Readonly<Record<string, string>>
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return {
    databaseUrl: env.SIMTALLY_DATABASE_URL || DATABASE_URL_DEFAULT,
    databaseParameters: databaseParameters(env),
    logLevel: env.SIMTALLY_LOG_LEVEL || null,
    emptyBranches: env.SIMTALLY_EMPTY_BRANCHES || null,
    limits: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        name.startsWith('SIMTALLY_LIMIT_') && value ? [[name, value]] : [],
      ),
    ),
  }
}

/** Modes that encrypt; the others are what is done where nothing is said. */
const SSL_MODES = ['require', 'verify-ca', 'verify-full']

/** Ours go before those that PostgreSQL's own programs know. */
function databaseParameters(env: NodeJS.ProcessEnv): Record<string, string> {
  const file = env.SIMTALLY_DATABASE_PASSWORD_FILE
  const password = env.SIMTALLY_DATABASE_PASSWORD || (file ? '' : env.PGPASSWORD)
  const { PGPASSFILE: passfile, PGSSLMODE: sslMode = '' } = env
  return {
    ...(password ? { password } : {}),
    ...(file ? { password_file: file } : {}),
    ...(passfile ? { passfile } : {}),
    ...(SSL_MODES.includes(sslMode) ? { sslmode: sslMode } : {}),
  }
}
