/** The server's own table of routes. */
import type { HttpServer } from '../../src/http/route-context.ts'

/** `GET /v1/Sims` and so on, from the tree printed by the router, with four characters per level. */
export async function routesOf(server: HttpServer): Promise<string[]> {
  await server.ready()
  const parts: string[] = []
  return server
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent, part, methods] = /^(.*?── )(\S+)(?: \((.*)\))?/.exec(line) ?? []
      if (indent === undefined || part === undefined) return []
      parts.splice(indent.length / 4 - 1, parts.length, part)
      // The router leaves out the slash before it.
      const url = parts.join('').replace(/(?<!\/)\*$/, '/*')
      const own = (methods ?? '').split(', ').filter((method) => method !== '' && method !== 'HEAD')
      return own.map((method) => `${method} ${url}`)
    })
}
