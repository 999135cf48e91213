/**
 * A page with its files, as a build wrote them. Anybody may load it, because the data it shows needs
 * credentials.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type BaseUrlOf, partsOfBaseUrl } from '../base-url.ts'
import { notFound } from '../error-reply.ts'
import type { HttpServer } from '../route-context.ts'
import { BuiltFiles } from './built-files.ts'
import { PAGE_HEADERS } from './page-headers.ts'

const PAGE = 'index.html'

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Simtally</title>
<h1>This page has not been built</h1>
<p>In a checkout, <code>npm run build:console</code> builds it; an installed package has it.</p>
</html>
`

export interface Pages {
  /** Such as `/console`. */
  readonly path: string
  readonly folder: string
  readonly baseUrlOf: BaseUrlOf
  /** Whether every path below its own shows the page, which then finds its views itself. */
  readonly hasViews: boolean
  /** Replaces the policy of `PAGE_HEADERS`. */
  readonly policy?: string
}

export function addPages(server: HttpServer, pages: Pages): void {
  const { path, baseUrlOf, hasViews, policy } = pages
  const files = new BuiltFiles(pages.folder)
  const headers = { ...PAGE_HEADERS, ...(policy && { 'Content-Security-Policy': policy }) }

  const sendPage = async (request: FastifyRequest, reply: FastifyReply) => {
    const page = await files.text(PAGE)
    const { path: prefix } = partsOfBaseUrl(baseUrlOf(request))
    reply.type('text/html; charset=utf-8')
    // Addresses in the page begin with `./`, but the page may be shown at any path below its own.
    if (page !== null) return page.replaceAll('="./', `="${prefix}${path}/`)
    reply.code(404)
    return NOT_BUILT
  }

  const route = {
    // Not part of the API.
    schema: { hide: true },
    onRequest: async (_request: FastifyRequest, reply: FastifyReply) => {
      reply.headers(headers)
    },
  }
  server.get(path, route, sendPage)
  server.get<{ Params: { '*': string } }>(`${path}/*`, route, async (request, reply) => {
    const name = request.params['*']
    if (name !== PAGE && (await files.send(name, request, reply))) return reply
    // Any other path is a view of the page, but a missing file is not.
    if (name !== '' && (!hasViews || /^assets\/|\.[^/]*$/.test(name))) throw notFound()
    return sendPage(request, reply)
  })
}
