/**
 * Stores for tests, each on a fresh database of its own that goes away afterwards. Which engine,
 * `SIMTALLY_TEST_ENGINE` says: `sqlite` by default, `postgres`, or `citus`.
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
  /** A folder of the test's own, in which a SQLite database lies; other files may be put there. */
  readonly dir: string
  /** Closes the store and removes the database. A store closed before is left alone. */
  dispose(): Promise<void>
}

export const ENGINE_NAMES = ['sqlite', 'postgres', 'citus'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** The engine that tests use which leave it open. */
export function engineOfTests(): EngineName {
  const name = process.env.SIMTALLY_TEST_ENGINE ?? 'sqlite'
  const engine = ENGINE_NAMES.find((candidate) => candidate === name)
  if (engine === undefined) throw new Error(`SIMTALLY_TEST_ENGINE ${name}: no such engine`)
  return engine
}

/** Where a new database may be made; `dir` is for engines that need one. */
export async function newPlace(engine: EngineName, dir: string): Promise<TempPlace> {
  if (engine !== 'sqlite') return newSchema(engine)
  return { url: `sqlite:${join(dir, 'simtally.db')}`, remove: async () => {} }
}

/** Where an empty store is already, except on Citus; `dir` is for engines that need one. */
export async function newStorePlace(engine: EngineName, dir: string): Promise<TempPlace> {
  if (engine === 'postgres') return newStore()
  if (engine === 'sqlite') return { url: await newSqliteStore(dir), remove: async () => {} }
  return newPlace(engine, dir)
}

/** A new, empty store in a place of its own, or of the given kind; the options are those of `openStore`. */
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
