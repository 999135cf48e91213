/** What the environment and the settings file set. No other file reads environment variables. */
import { LIMIT_NAMES, limitLabel, limitVariable } from '../domain/limits.ts'
import { SETTING_NAMES, type SettingName, settingVariable } from './settings.ts'

/** The database if nothing else names one. */
const DATABASE_URL_DEFAULT = 'sqlite:./data/simtally.db'

/** The settings file that is read if it exists and no other is named. */
export const SETTINGS_FILE_DEFAULT = 'simtally.yaml'

/** A setting's text, and its origin as messages name it. */
export interface Stated {
  readonly text: string
  readonly from: string
}

export interface Config {
  /** `SIMTALLY_DATABASE_URL`; `--database` takes precedence. */
  readonly databaseUrl: string
  /** Parameters for the URL of a database server, unless the URL has them itself. */
  readonly databaseParameters: Readonly<Record<string, string>>
  /** By name; flags take precedence. */
  readonly stated: Readonly<Partial<Record<SettingName, Stated>>>
  /** `SIMTALLY_LIMIT_…`, by the variable's name: see `domain/limits.ts`. */
  readonly limits: Readonly<Record<string, string>>
  /** `SIMTALLY_CONFIG`, the settings file; null if the variable is not set. */
  readonly settingsFile: string | null
  /** Variables that look like settings but are none. */
  readonly unknownVariables: readonly string[]
  /** The same configuration, with the file's settings added wherever the environment has none. */
  withFile(file: SettingsFile): Config
}

/** The content of a settings file, by the names of settings. */
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

/** Modes that encrypt. The other modes mean the same as naming none. */
const SSL_MODES = ['require', 'verify-ca', 'verify-full']

/** Our own variables take precedence over those of PostgreSQL's programs. */
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
