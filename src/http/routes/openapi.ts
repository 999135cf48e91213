/** `GET /docs/openapi.json`: the routes and their schemas, as a file from which clients are generated. */
import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { asText } from '../schemas/shapes.ts'

const FILE = new URL('../../../docs/openapi.json', import.meta.url)

const openApiSchema = Type.Object({ openapi: Type.String() }, { additionalProperties: true })

export function addOpenApiRoute(server: HttpServer, { gates, baseUrlOf }: RouteContext): void {
  let file: object | null = null

  server.get(
    '/docs/openapi.json',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchOpenApi',
        summary: 'This file, with the address of the server that answers',
        response: { 200: asText(openApiSchema), ...failures },
      },
    },
    async (request, reply) => {
      file ??= JSON.parse(readFileSync(FILE, 'utf8')) as object
      reply.type('application/json; charset=utf-8')
      return JSON.stringify({ ...file, servers: [{ url: baseUrlOf(request) }] })
    },
  )
}
