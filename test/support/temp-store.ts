/** Stores for tests, each on a fresh database in a folder of its own that goes away afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'

export interface TempStore {
  readonly store: UsageStore
  /** Opens the same database again, also in another process. */
  readonly url: string
  /** The folder that holds the database; other files may be put there too. */
  readonly dir: string
  /** Closes the store and removes the folder. A store closed before is left alone. */
  dispose(): Promise<void>
}

/** A new, empty SQLite store. */
export async function openTempStore(): Promise<TempStore> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-test-'))
  const url = `sqlite:${join(dir, 'simtally.db')}`
  const store = await openStore(url).catch(async (error: unknown) => {
    await rm(dir, { recursive: true, force: true })
    throw error
  })
  return {
    store,
    url,
    dir,
    dispose: async () => {
      await store.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
