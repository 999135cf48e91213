/** What the doctor checks without opening the store: versions, settings, permissions and disk space. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { LIMIT_NAMES, limitVariable } from '../../domain/limits.ts'
import { localPath, namesServer } from '../../storage/open-store.ts'
import type { CommandLine } from '../command-line.ts'
import type { Config } from '../config.ts'
import { WrongUsage } from '../failure.ts'
import { limitsOf } from '../limit-settings.ts'
import { formatBytes } from '../quantity-text.ts'
import { nearestName, SETTING_NAMES, settingVariable } from '../settings.ts'
import { VERSION } from '../version.ts'
import { type Finding, fine, problem, warning } from './finding.ts'

/** Since version 26, Node no longer calls its SQLite experimental. */
const NODE_MAJOR_SILENT = 26
/** With less, a day of a large fleet may not fit: 10 million records take about a gigabyte. */
const FREE_BYTES_MIN = 1_000_000_000
/** Permission bits of everyone but the owner. */
const OTHERS_MAY = 0o077

export function checkVersion(): Finding {
  const [major = 0] = process.versions.node.split('.').map(Number)
  const message = `simtally ${VERSION} on Node ${process.versions.node}`
  if (major >= NODE_MAJOR_SILENT) return fine('version', message)
  return warning('version', message, `it is tested with Node ${NODE_MAJOR_SILENT}`)
}

/** `commandLine` has not yet read the settings file, because a fault in it is a finding. */
export function checkSettings(commandLine: CommandLine, named: string | undefined): Finding[] {
  const findings = [...faultsOf(() => commandLine.readSettings(named))]
  const { config } = commandLine.context
  for (const name of SETTING_NAMES) findings.push(...faultsOf(() => commandLine.setting(name)))
  findings.push(...faultsOf(() => limitsOf(config, {})), ...unknownVariables(config))
  const isOpen = ['0.0.0.0', '::'].includes(config.stated.host?.text ?? '')
  if (
    isOpen &&
    config.stated['tls-cert'] === undefined &&
    config.stated['public-url'] === undefined
  ) {
    findings.push(
      warning(
        'settings',
        'serve listens on every address, without TLS and without a public URL',
        'set tls-cert and tls-key, or put a proxy before it and set public-url (docs/deployment.md)',
      ),
    )
  }
  const count = Object.keys(config.stated).length + Object.keys(config.limits).length
  return findings.length > 0 ? findings : [fine('settings', `${count} set, all of them valid`)]
}

function faultsOf(read: () => unknown): Finding[] {
  try {
    read()
    return []
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error
    const remedy = error.hint ?? 'docs/settings.md says which values are valid'
    return error.faults.map((fault) => problem('settings', fault, remedy))
  }
}

function unknownVariables({ unknownVariables }: Config): Finding[] {
  const known = [...SETTING_NAMES.map(settingVariable), ...LIMIT_NAMES.map(limitVariable)]
  return unknownVariables.map((variable) => {
    const nearest = nearestName(variable, known)
    const remedy = nearest === null ? 'take it away' : `is it ${nearest}?`
    return warning('settings', `the environment has ${variable}, which is not a setting`, remedy)
  })
}

/** Who may read and write the database and files with secrets. */
export function checkPermissions(config: Config, url: string): Finding[] {
  const findings: Finding[] = []
  if (!namesServer(url)) findings.push(...databaseFile(localPath(url)))
  for (const name of ['database-password-file', 'tls-key'] as const) {
    const path = config.stated[name]?.text
    if (path !== undefined) findings.push(...secretFile(path, name))
  }
  const settingsFile = config.stated['database-password']?.from.match(/^(.*): database-password$/)
  if (settingsFile?.[1] !== undefined)
    findings.push(...secretFile(settingsFile[1], 'the settings file'))
  return findings.length > 0 ? findings : [fine('permissions', 'only the owner can read secrets')]
}

function databaseFile(path: string): Finding[] {
  // A missing folder is created with the store.
  const folder = nearestFolder(dirname(resolve(path)))
  try {
    accessSync(existsSync(path) ? path : folder, constants.R_OK | constants.W_OK)
    accessSync(folder, constants.W_OK)
  } catch {
    return [
      problem(
        'permissions',
        `${path} or its folder cannot be written`,
        'run as the user who owns them, or give this user write permission on both',
      ),
    ]
  }
  return existsSync(path) ? secretFile(path, 'the database') : []
}

function secretFile(path: string, what: string): Finding[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) {
    return [problem('permissions', `${what} ${path} does not exist`, 'name an existing file')]
  }
  if ((stat.mode & OTHERS_MAY) === 0) return []
  const message = `${what} ${path} can be read or written by other users`
  return [warning('permissions', message, `chmod 600 ${path}`)]
}

/** An upgrade or a restore copies the database, so a copy has to fit as well. */
export function checkDisk(url: string): Finding {
  if (namesServer(url)) return fine('disk', "the disk is the database server's")
  const path = resolve(localPath(url))
  const folder = nearestFolder(dirname(path))
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const message = `${formatBytes(free)} free for a database of ${formatBytes(size)}`
  if (free < FREE_BYTES_MIN / 10) {
    return problem('disk', message, 'free some space, or move the database to a larger disk')
  }
  if (free >= Math.max(FREE_BYTES_MIN, size)) return fine('disk', message)
  return warning(
    'disk',
    message,
    'keep as much space free as the database takes, for copies and upgrades',
  )
}

function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder))
}
