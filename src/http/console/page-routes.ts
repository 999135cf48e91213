/** `/console` and what is below it: the files of the built console, for anybody; what it shows needs a session. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../error-reply.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { BuiltFiles } from './built-files.ts'
import { PAGE_HEADERS } from './page-headers.ts'

const BUILT = new URL('../../../dist/console/', import.meta.url)

const PAGE = 'index.html'

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Simtally</title>
<h1>The console has not been built</h1>
<p>In a checkout, <code>npm run build:console</code> builds it; an installed package has it.</p>
</html>
`

export function addConsolePages(
  server: HttpServer,
  { baseUrlOf }: Pick<RouteContext, 'baseUrlOf'>,
  folder: URL | string = BUILT,
): void {
  const files = new BuiltFiles(folder)

  const sendPage = async (request: FastifyRequest, reply: FastifyReply) => {
    const page = await files.text(PAGE)
    const path = new URL(baseUrlOf(request)).pathname.replace(/\/$/, '')
    reply.type('text/html; charset=utf-8')
    // Addresses in the page begin with `./`, and the page may stand at any path below the console's.
    if (page !== null) return page.replaceAll('="./', `="${path}/console/`)
    reply.code(404)
    return NOT_BUILT
  }

  const route = {
    // No part of the API.
    schema: { hide: true },
    onRequest: async (_request: FastifyRequest, reply: FastifyReply) => {
      reply.headers(PAGE_HEADERS)
    },
  }
  server.get('/console', route, sendPage)
  server.get<{ Params: { '*': string } }>('/console/*', route, async (request, reply) => {
    const name = request.params['*']
    if (name !== PAGE && (await files.send(name, request, reply))) return reply
    // Any other path is a view of the page, which it finds itself; a file that is not there is none.
    if (/^assets\/|\.[^/]*$/.test(name)) throw notFound()
    return sendPage(request, reply)
  })
}
