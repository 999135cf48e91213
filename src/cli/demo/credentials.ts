/**
 * The demo's own credentials, kept in a file beside its database, because the store has only hashes of
 * secrets. Only the demo reads or writes the file.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Account } from '../../domain/directory.ts'
import { hashSecret, newSecret, newSid } from '../../domain/secret.ts'
import type { UsageStore } from '../../storage/usage-store.ts'

export interface DemoCredentials {
  /** The SID of the account or of an API key. */
  readonly username: string
  readonly password: string
}

/** By account SID, because each seed has its own account. */
type CredentialsFile = Readonly<Record<string, DemoCredentials>>

/**
 * The credentials from the file. If they are lost or no longer valid, creates an API key and writes its
 * credentials to the file.
 */
export async function demoCredentials(
  store: UsageStore,
  account: Account,
  { path, now }: { readonly path: string; readonly now: number },
): Promise<DemoCredentials> {
  const kept = (await readCredentials(path))[account.sid]
  if (kept !== undefined && (await areValid(store, account, kept))) return kept
  const secret = newSecret()
  const key = await store.createApiKey({
    sid: newSid('SK'),
    accountId: account.id,
    scope: 'admin',
    secretHash: hashSecret(secret),
    label: 'demo',
    createdAt: now,
    revokedAt: null,
  })
  const credentials = { username: key.sid, password: secret }
  await keepCredentials(path, account.sid, credentials)
  return credentials
}

export async function keepCredentials(
  path: string,
  accountSid: string,
  credentials: DemoCredentials,
): Promise<void> {
  const all: CredentialsFile = { ...(await readCredentials(path)), [accountSid]: credentials }
  // Renames the file into place, so that it is always whole and has our mode from the first byte on. A draft
  // that a killed process left may have another mode; it belongs to nobody.
  const draft = `${path}.${process.pid}`
  await mkdir(dirname(draft), { recursive: true })
  await rm(draft, { force: true })
  await writeFile(draft, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  await rename(draft, path)
}

/** Empty if the file is missing or not ours, because then nothing in it can be lost. */
async function readCredentials(path: string): Promise<CredentialsFile> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof content === 'object' && content !== null ? (content as CredentialsFile) : {}
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || error instanceof SyntaxError) return {}
    throw error
  }
}

async function areValid(
  store: UsageStore,
  account: Account,
  { username, password }: DemoCredentials,
): Promise<boolean> {
  const hash = hashSecret(String(password))
  if (username === account.sid) return hash === account.authTokenHash
  const key = await store.findApiKey(String(username))
  return (
    key !== null &&
    key.accountId === account.id &&
    key.revokedAt === null &&
    key.secretHash === hash
  )
}
