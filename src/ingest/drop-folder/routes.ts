/** To which feed a file of a drop folder belongs: its name says it, by patterns such as `CD*.tap`. */
import type { Feed } from '../../domain/directory.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'

export interface FolderRoute {
  /** `*` stands for any characters, `?` for one, and everything else for itself. */
  readonly pattern: string
  readonly feed: Feed
}

/** More patterns would be a configuration that nobody can read. */
export const ROUTES_MAX = 100

export class FolderRoutes {
  readonly #routes: readonly FolderRoute[]
  readonly #others: Feed | null

  /** The first route that a name fits counts; `others` is for names that fit none. */
  constructor(routes: readonly FolderRoute[], others: Feed | null) {
    if (routes.length > ROUTES_MAX) {
      const message = `${routes.length} patterns of files, at most ${ROUTES_MAX} allowed`
      throw new UsageError('invalid', message, { field: 'match' })
    }
    this.#routes = routes
    this.#others = others
  }

  /** Null where no feed is for files of the name. */
  feedOf(name: string): Feed | null {
    return this.#routes.find(({ pattern }) => fits(name, pattern))?.feed ?? this.#others
  }

  /** Each once. */
  get feeds(): readonly Feed[] {
    const feeds = this.#routes.map(({ feed }) => feed)
    const all = this.#others === null ? feeds : [...feeds, this.#others]
    return [...new Map(all.map((feed) => [feed.id, feed])).values()]
  }
}

/** Reads `CD*.tap=roamco`; a feed's name has no equals sign. Throws `invalid`. */
export function parseRoute(text: string): { pattern: string; feedName: string } {
  const at = text.lastIndexOf('=')
  const [pattern, feedName] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && feedName !== '' && !pattern.includes('/')) return { pattern, feedName }
  throw new UsageError('invalid', `--match ${shown(text)}: expected a pattern and a feed`, {
    hint: "such as 'CD*.tap=roamco'; patterns are of names, without folders",
  })
}

/** In time that grows with the length of the name times that of the pattern, whatever they are. */
export function fits(name: string, pattern: string): boolean {
  let [at, inPattern] = [0, 0]
  /** Where the last star stands for what begins in the name, and what follows it; -1 without any. */
  let [starAt, afterStar] = [-1, -1]
  while (at < name.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      starAt = at
      afterStar = ++inPattern
    } else if (wanted === '?' || wanted === name[at]) {
      at++
      inPattern++
    } else if (starAt !== -1) {
      // The last star takes one more character; those before it have no need to.
      at = ++starAt
      inPattern = afterStar
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
