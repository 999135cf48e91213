/** What the environment and the settings file set. The only file that reads environment variables. */
import { LIMIT_NAMES, limitLabel, limitVariable } from '../domain/limits.ts'
import { SETTING_NAMES, type SettingName, settingVariable } from './settings.ts'

/** Where usage is kept when nothing says otherwise. */
const DATABASE_URL_DEFAULT = 'sqlite:./data/simtally.db'

/** The settings file that is read where it is there and none is named. */
export const SETTINGS_FILE_DEFAULT = 'simtally.yaml'

/** A setting's text, and what said it, as messages name it. */
export interface Stated {
  readonly text: string
  readonly from: string
}

export interface Config {
  /** `SIMTALLY_DATABASE_URL`; `--database` goes before it. */
  readonly databaseUrl: string
  /** What the URL of a database server takes as parameters where it does not say itself. */
  readonly databaseParameters: Readonly<Record<string, string>>
  /** By name; flags go before them. */
  readonly stated: Readonly<Partial<Record<SettingName, Stated>>>
  /** `SIMTALLY_LIMIT_…`, by the variable's name: see `domain/limits.ts`. */
  readonly limits: Readonly<Record<string, string>>
  /** `SIMTALLY_CONFIG`, the settings file; null where it is not named. */
  readonly settingsFile: string | null
  /** Variables that look like settings and are none. */
  readonly unknownVariables: readonly string[]
  /** The same, with what a settings file says where the environment is silent. */
  withFile(file: SettingsFile): Config
}

/** What a settings file says, by the names of settings. */
export interface SettingsFile {
  readonly path: string
  readonly values: Readonly<Record<string, string>>
}

export function readConfig(
  env: NodeJS.ProcessEnv = process.env,
  file: SettingsFile | null = null,
): Config {
  const stated = statedOf(env, file)
  const limits = Object.entries(env).filter(
    ([name, value]) => name.startsWith('SIMTALLY_LIMIT_') && value,
  )
  return {
    databaseUrl: stated['database-url']?.text ?? DATABASE_URL_DEFAULT,
    databaseParameters: databaseParameters(env, stated),
    stated,
    limits: { ...limitsOf(file), ...(Object.fromEntries(limits) as Record<string, string>) },
    settingsFile: env.SIMTALLY_CONFIG || null,
    unknownVariables: unknownVariables(env),
    withFile: (given) => readConfig(env, given),
  }
}

function statedOf(env: NodeJS.ProcessEnv, file: SettingsFile | null): Config['stated'] {
  return Object.fromEntries(
    SETTING_NAMES.flatMap((name): [SettingName, Stated][] => {
      const variable = settingVariable(name)
      const inEnvironment = env[variable]
      if (inEnvironment) return [[name, { text: inEnvironment, from: variable }]]
      const inFile = file?.values[name]
      return inFile === undefined ? [] : [[name, { text: inFile, from: `${file!.path}: ${name}` }]]
    }),
  )
}

function limitsOf(file: SettingsFile | null): Record<string, string> {
  return Object.fromEntries(
    LIMIT_NAMES.flatMap((name) => {
      const text = file?.values[`limit-${limitLabel(name)}`]
      return text === undefined ? [] : [[limitVariable(name), text]]
    }),
  )
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = ['SIMTALLY_CONFIG', ...SETTING_NAMES.map(settingVariable)]
  return Object.keys(env).filter(
    (name) =>
      name.startsWith('SIMTALLY_') &&
      !name.startsWith('SIMTALLY_LIMIT_') &&
      !name.startsWith('SIMTALLY_TEST_') &&
      !known.includes(name),
  )
}

/** Modes that encrypt; the others are what is done where nothing is said. */
const SSL_MODES = ['require', 'verify-ca', 'verify-full']

/** Ours go before those that PostgreSQL's own programs know. */
function databaseParameters(
  env: NodeJS.ProcessEnv,
  stated: Config['stated'],
): Record<string, string> {
  const file = stated['database-password-file']?.text
  const password = stated['database-password']?.text || (file ? '' : env.PGPASSWORD)
  const { PGPASSFILE: passfile, PGSSLMODE: sslMode = '' } = env
  return {
    ...(password ? { password } : {}),
    ...(file ? { password_file: file } : {}),
    ...(passfile ? { passfile } : {}),
    ...(SSL_MODES.includes(sslMode) ? { sslmode: sslMode } : {}),
  }
}
