/**
 * The files of a folder that a build has written: a few dozen, kept in memory as they are sent, next to their
 * compressed forms. A path is looked up among their names, never on disk, so that none leads out of the
 * folder.
 */
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { acceptsCoding } from '../compression.ts'
import { addVary } from '../vary.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/vnd.microsoft.icon',
  '.woff2': 'font/woff2',
}

/** Best first, with the extensions of the files that hold them. */
const CODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** These names change with their content. */
const HASHED = /^assets\//
const YEAR_SECONDS = 31_536_000
const HOUR_SECONDS = 3_600

export class BuiltFiles {
  readonly #folder: string
  #files: Promise<ReadonlyMap<string, Buffer>> | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Null if the file does not exist or nothing was built. */
  async text(name: string): Promise<string | null> {
    return (await this.#all()).get(name)?.toString() ?? null
  }

  /** Sends a file. Returns false if none has that name. */
  async send(name: string, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const files = await this.#all()
    const plain = files.get(name)
    const type = TYPES[extname(name)]
    if (plain === undefined || type === undefined) return false
    const seconds = HASHED.test(name) ? `${YEAR_SECONDS}, immutable` : HOUR_SECONDS
    reply.headers({ 'Content-Type': type, 'Cache-Control': `public, max-age=${seconds}` })
    const coded = CODINGS.filter(([, ending]) => files.has(name + ending))
    if (coded.length > 0) addVary(reply, 'Accept-Encoding')
    const accepted = request.headers['accept-encoding']
    const [coding, ending = ''] = coded.find(([each]) => acceptsCoding(accepted, each)) ?? []
    if (coding !== undefined) reply.header('Content-Encoding', coding)
    await reply.send(files.get(name + ending))
    return true
  }

  /** Reads the folder once, but looks again as long as nothing has been built. */
  #all(): Promise<ReadonlyMap<string, Buffer>> {
    this.#files ??= readFolder(this.#folder).then((files) => {
      if (files.size === 0) this.#files = null
      return files
    })
    return this.#files
  }
}

async function readFolder(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(
      paths.map(async (path): Promise<[string, Buffer]> => {
        const name = path.slice(folder.length).split(sep).join('/').replace(/^\/+/, '')
        return [name, await readFile(path)]
      }),
    ),
  )
}
