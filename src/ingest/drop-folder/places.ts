/** The folders that one watch looks at: one with files for one or more feeds, or one for each feed. */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { DropFolder, folderFailure, type LeftAlone } from './drop-folder.ts'
import { FolderRoutes } from './routes.ts'

export interface WatchedPlace {
  readonly folder: DropFolder
  readonly routes: FolderRoutes
  /** True if the watch can continue without it. */
  readonly mayGo: boolean
}

export interface WatchedPlaces {
  /** Those that exist now; each stays the same object. */
  look(): Promise<{
    readonly places: readonly WatchedPlace[]
    readonly leftAlone: readonly LeftAlone[]
  }>
}

/** One folder. */
export async function onePlace(
  path: string,
  routes: FolderRoutes,
  settleMs: number,
): Promise<WatchedPlaces> {
  const found = {
    places: [{ folder: await DropFolder.open(path, settleMs), routes, mayGo: false }],
    leftAlone: [],
  }
  return { look: async () => found }
}

/**
 * Every folder within a folder, each for the feed of its name. Later ones are found too, and one that
 * cannot be used or disappears does not hold up the others.
 */
export async function placesByFeed(
  path: string,
  store: Pick<UsageStore, 'findFeed'>,
  settleMs: number,
): Promise<WatchedPlaces> {
  const places = new PlacesByFeed(path, store, settleMs)
  await places.look()
  return places
}

class PlacesByFeed implements WatchedPlaces {
  readonly #path: string
  readonly #store: Pick<UsageStore, 'findFeed'>
  readonly #settleMs: number
  readonly #places = new Map<string, WatchedPlace>()

  constructor(path: string, store: Pick<UsageStore, 'findFeed'>, settleMs: number) {
    this.#path = path
    this.#store = store
    this.#settleMs = settleMs
  }

  async look() {
    const [places, leftAlone]: [WatchedPlace[], LeftAlone[]] = [[], []]
    for (const entry of await this.#entries()) {
      const found = entry.isDirectory() ? await this.#placeOf(entry.name) : "in no feed's folder"
      if (typeof found !== 'string') places.push(...found)
      else leftAlone.push({ path: join(this.#path, entry.name), what: found })
    }
    return { places, leftAlone }
  }

  async #entries(): Promise<Dirent[]> {
    const entries = await readdir(this.#path, { withFileTypes: true }).catch((error: unknown) => {
      throw folderFailure(this.#path, error)
    })
    return entries
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** What is wrong, if it is no usable place; no places while the store does not answer. */
  async #placeOf(name: string): Promise<readonly WatchedPlace[] | string> {
    const known = this.#places.get(name)
    if (known !== undefined) return [known]
    try {
      const feed = await this.#store.findFeed(name)
      if (feed === null) return 'a folder with the name of no feed'
      const folder = await DropFolder.open(join(this.#path, name), this.#settleMs)
      const place = { folder, routes: new FolderRoutes([], feed), mayGo: true }
      this.#places.set(name, place)
      return [place]
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      if (error.code === 'unavailable') return []
      const { code = error.code } = (error.cause ?? {}) as NodeJS.ErrnoException
      return `a folder that cannot be used (${code})`
    }
  }
}
