/** Which feed a file of a drop folder belongs to, by patterns for its name such as `CD*.tap`. */
import type { Feed } from '../../domain/directory.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'

export interface FolderRoute {
  /** `*` stands for any characters, `?` for one, and everything else for itself. */
  readonly pattern: string
  readonly feed: Feed
}

/** Nobody could read a configuration with more patterns. */
export const ROUTES_MAX = 100

export class FolderRoutes {
  readonly #routes: readonly FolderRoute[]
  readonly #others: Feed | null

  /** The first route that matches a name counts; `others` is for names that match none. */
  constructor(routes: readonly FolderRoute[], others: Feed | null) {
    if (routes.length > ROUTES_MAX) {
      const message = `${routes.length} patterns of files, at most ${ROUTES_MAX} allowed`
      throw new UsageError('invalid', message, { field: 'match' })
    }
    this.#routes = routes
    this.#others = others
  }

  /** Null if no feed takes files of this name. */
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

/** Takes time proportional to the length of the name times that of the pattern, whatever they are. */
export function fits(name: string, pattern: string): boolean {
  let [at, inPattern] = [0, 0]
  /** Where the last star's match ends in the name, and what follows the star; -1 if there is none. */
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
      // The last star takes one more character; those before it never need to.
      at = ++starAt
      inPattern = afterStar
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
