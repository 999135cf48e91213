/**
 * Stores for tests, each on a separate, fresh database that is removed afterwards. `SIMTALLY_TEST_ENGINE`
 * selects the engine: `sqlite` by default, `postgres`, or `citus`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { NOW } from './builders.ts'
import { newSchema, type TempPlace } from './postgres-schema.ts'
import { newStore } from './postgres-stores.ts'
import { newSqliteStore } from './sqlite-stores.ts'

export interface TempStore {
  readonly store: UsageStore
  /** Opens the same database again, also in another process. */
  readonly url: string
  /** A folder for the test, which holds its SQLite database and may hold other files. */
  readonly dir: string
  /** Closes the store and removes the database. A store that is already closed is left alone. */
  dispose(): Promise<void>
}

export const ENGINE_NAMES = ['sqlite', 'postgres', 'citus'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** The engine for tests that leave it open. */
export function engineOfTests(): EngineName {
  const name = process.env.SIMTALLY_TEST_ENGINE ?? 'sqlite'
  const engine = ENGINE_NAMES.find((candidate) => candidate === name)
  if (engine === undefined) throw new Error(`SIMTALLY_TEST_ENGINE ${name}: no such engine`)
  return engine
}

/** Where a new database may be created; `dir` is for engines that need one. */
export async function newPlace(engine: EngineName, dir: string): Promise<TempPlace> {
  if (engine !== 'sqlite') return newSchema(engine)
  return { url: `sqlite:${join(dir, 'simtally.db')}`, remove: async () => {} }
}

/** Where an empty store already exists, except on Citus; `dir` is for engines that need one. */
export async function newStorePlace(engine: EngineName, dir: string): Promise<TempPlace> {
  if (engine === 'postgres') return newStore()
  if (engine === 'sqlite') return { url: await newSqliteStore(dir), remove: async () => {} }
  return newPlace(engine, dir)
}

/**
 * A new, empty store in a separate place, or one of the given kind; the options are those of `openStore`.
 */
export async function openTempStore(
  engine: EngineName = engineOfTests(),
  makePlace = (dir: string) => newStorePlace(engine, dir),
  options: { readonly gatherRowsMax?: number } = {},
): Promise<TempStore> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-test-'))
  const removeDir = () => rm(dir, { recursive: true, force: true })
  const place = await makePlace(dir)
  const remove = async () => {
    await place.remove()
    await removeDir()
  }
  const store = await openStore(place.url, {
    ...{ create: true, serverClock: () => NOW },
    ...options,
  }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  return {
    store,
    url: place.url,
    dir,
    dispose: async () => {
      await store.close()
      await remove()
    },
  }
}
