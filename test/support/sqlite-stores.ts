/** Empty stores on SQLite: files copied from one that is created once per process. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/storage/open-store.ts'

let template: Promise<Buffer> | null = null

/** Holds an empty store, like every other one down to the key that tells stores apart. */
export async function newSqliteStore(dir: string): Promise<string> {
  template ??= makeTemplate()
  const path = join(dir, 'simtally.db')
  await writeFile(path, await template, { mode: 0o600, flag: 'wx' })
  return `sqlite:${path}`
}

async function makeTemplate(): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-template-'))
  try {
    const path = join(dir, 'simtally.db')
    // The last connection that closes leaves everything in the one file.
    await (await openStore(`sqlite:${path}`, { create: true })).close()
    return await readFile(path)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
