/** `/console/session`: signs in to the console, says who is signed in, and signs out. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { invalidField } from '../../domain/usage-error.ts'
import type { SignedIn } from '../admission.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { consoleSessionSchema, consoleSessionToApi } from '../schemas/console-session.ts'
import { failures } from '../schemas/error.ts'

const signInBody = Type.Object({
  sid: Type.Optional(Type.String({ description: 'an account or a key' })),
  secret: Type.Optional(Type.String({ description: 'its auth token, or its secret' })),
  code: Type.Optional(Type.String({ description: 'what a sign-in link has behind its #' })),
})

export function addConsoleSessionRoutes(server: HttpServer, context: RouteContext): void {
  const { admission, sessions, limits } = context
  const requireOwnPage = async (request: FastifyRequest) => sessions.requireOwnPage(request)
  const toApi = ({ session, caller }: SignedIn) =>
    consoleSessionToApi(session, caller, limits.consoleIdleSeconds)

  server.post(
    '/console/session',
    {
      onRequest: requireOwnPage,
      schema: {
        operationId: 'signIn',
        summary: 'Signs a browser in to the console, with credentials or a sign-in link',
        body: signInBody,
        response: { 201: consoleSessionSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { caller, credential } = await shownBy(request, reply, request.body)
      const { session, cookie } = await sessions.begin(request, credential)
      request.log.info({ credential: caller.credentialSid }, 'signed in to the console')
      reply.code(201).header('Set-Cookie', cookie)
      return toApi({ session, caller })
    },
  )

  server.get(
    '/console/session',
    {
      schema: {
        operationId: 'fetchSession',
        summary: 'Who is signed in to the console, according to its cookie',
        response: { 200: consoleSessionSchema, ...failures },
      },
    },
    async (request, reply) => toApi(await admission.bySession(request, reply)),
  )

  server.delete(
    '/console/session',
    {
      onRequest: requireOwnPage,
      schema: {
        operationId: 'signOut',
        summary: 'Signs a browser out of the console',
        response: { 204: Type.Null(), ...failures },
      },
    },
    async (request, reply) => {
      reply.code(204).header('Set-Cookie', await sessions.end(request))
      return null
    },
  )

  function shownBy(
    request: FastifyRequest,
    reply: FastifyReply,
    { sid, secret, code }: Static<typeof signInBody>,
  ) {
    if (code) return admission.byLink(request, reply, code)
    if (sid && secret) return admission.bySecret(request, reply, { sid, secret })
    const missing = sid ? 'secret' : 'sid'
    throw invalidField(missing, '', 'expected sid and secret, or the code of a sign-in link')
  }
}
