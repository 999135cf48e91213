/** The folders that one watch looks at: one with files of one or more feeds, or one for each feed. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Feed } from '../../domain/directory.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { DropFolder, folderFailure, type LeftAlone } from './drop-folder.ts'
import { FolderRoutes } from './routes.ts'

export interface WatchedPlace {
  readonly folder: DropFolder
  readonly routes: FolderRoutes
}

export interface WatchedPlaces {
  /** Those that are there now; each keeps being the same object. */
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
    places: [{ folder: await DropFolder.open(path, settleMs), routes }],
    leftAlone: [],
  }
  return { look: async () => found }
}

/** Every folder in a folder, each for the feed of its name; those that come later are found too. */
export async function placesByFeed(
  path: string,
  store: Pick<UsageStore, 'findFeed'>,
  settleMs: number,
): Promise<WatchedPlaces> {
  const places = new Map<string, WatchedPlace>()
  const open = async (name: string, feed: Feed): Promise<WatchedPlace> => {
    const known = places.get(name)
    if (known !== undefined) return known
    const folder = await DropFolder.open(join(path, name), settleMs)
    const place = { folder, routes: new FolderRoutes([], feed) }
    places.set(name, place)
    return place
  }
  const look: WatchedPlaces['look'] = async () => {
    const [found, leftAlone]: [WatchedPlace[], LeftAlone[]] = [[], []]
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      throw folderFailure(path, error)
    })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name } = entry
      if (name.startsWith('.')) continue
      const isFolder = entry.isDirectory()
      const feed = isFolder
        ? (places.get(name)?.routes.feedOf('') ?? (await store.findFeed(name)))
        : null
      if (feed !== null) found.push(await open(name, feed))
      else {
        const what = isFolder ? 'a folder with the name of no feed' : "in no feed's folder"
        leftAlone.push({ path: join(path, name), what })
      }
    }
    return { places: found, leftAlone }
  }
  await look()
  return { look }
}
