/**
 * One log line per request. It names the route, not the URL, because URLs contain ICCIDs and names that
 * customers may have built from subscriber numbers.
 */
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'

export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const facts = {
      method: request.method,
      route: request.routeOptions.url ?? null,
      caller: request.caller?.credentialSid ?? null,
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
    }
    if (error) request.log.warn({ ...facts, err: error }, 'request failed')
    else request.log.info(facts, 'request')
  }

  override routeNotFound(): void {}
}
