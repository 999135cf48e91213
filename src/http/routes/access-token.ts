/**
 * Exchanges a key's SID and secret for an access token, at the path where clients of the present API ask for
 * one.
 */
import { type Static, Type } from 'typebox'
import { invalidField } from '../../domain/usage-error.ts'
import { ACCESS_TOKEN_SECONDS } from '../access-token.ts'
import { basicOf } from '../credentials.ts'
import { HttpError } from '../error-reply.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { parameter } from '../validation.ts'

const GRANT_TYPE = 'client_credentials'

const tokenBody = Type.Object({
  grant_type: Type.Optional(
    parameter('grant_type', `expected ${GRANT_TYPE}`, (text) => text === GRANT_TYPE),
  ),
  client_id: Type.Optional(Type.String()),
  client_secret: Type.Optional(Type.String()),
})

const tokenSchema = Type.Object({
  access_token: Type.String(),
  expires_in: Type.Integer(),
  token_type: Type.String(),
  scope: Type.String(),
})

/** The form of OAuth, unlike all other refusals here. */
const clientRefusalSchema = Type.Object({
  error: Type.String(),
  error_description: Type.String(),
})

export function addAccessTokenRoute(server: HttpServer, context: RouteContext): void {
  const { clock, admission, accessTokens } = context

  server.post(
    '/api-services/v1/auth/token',
    {
      schema: {
        operationId: 'issueAccessToken',
        summary: 'Exchanges the SID and secret of a key for a Bearer token',
        body: tokenBody,
        response: { 200: tokenSchema, 401: clientRefusalSchema, ...failures },
      },
    },
    async (request, reply) => {
      if (!request.body.grant_type) throw invalidField('grant_type', '', `expected ${GRANT_TYPE}`)
      const authorization = request.headers.authorization ?? basicOfForm(request.body)
      try {
        const { key, scope } = await admission.byAuthorization(request, reply, authorization)
        // An account's own credentials get no access token: it would be a second way in, and replacing an
        // auth token has rules of its own.
        if (key === null || !/^basic /i.test(authorization)) throw new NotAClient()
        reply.code(200)
        return {
          access_token: await accessTokens.issue(key.sid, clock()),
          expires_in: ACCESS_TOKEN_SECONDS,
          token_type: 'Bearer',
          scope,
        }
      } catch (error) {
        const isRefused = error instanceof HttpError && error.kind === 'unauthenticated'
        if (!isRefused && !(error instanceof NotAClient)) throw error
        reply.code(401).header('WWW-Authenticate', 'Basic realm="Simtally"')
        return {
          error: 'invalid_client',
          error_description: 'Invalid client or Invalid client credentials',
        }
      }
    },
  )
}

/** The credentials are good, but are not those of a key. */
class NotAClient extends Error {}

function basicOfForm({ client_id = '', client_secret = '' }: Static<typeof tokenBody>): string {
  return basicOf(client_id, client_secret)
}
