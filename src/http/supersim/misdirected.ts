/** Tells clients of the Super SIM API that ask the other API, at the root, where their own one is. */
import type { FastifyRequest } from 'fastify'
import { UsageError } from '../../domain/usage-error.ts'
import type { BaseUrlOf } from '../base-url.ts'
import { SUPER_SIM_PARAMETERS } from '../usage-page.ts'
import { superSimUrl } from './address.ts'

/** An error handler of a route, which leaves the answer to that of the server. */
export function pointToSuperSim(baseUrlOf: BaseUrlOf) {
  return (error: Error, request: FastifyRequest): never => {
    const isMisdirected = error instanceof UsageError && isOfSuperSim(request.query)
    if (!isMisdirected || error.code !== 'invalid') throw error
    const hint = `the Super SIM API is answered under ${superSimUrl(baseUrlOf(request))}`
    throw new UsageError(error.code, error.message, { hint })
  }
}

function isOfSuperSim(query: unknown): boolean {
  const given = query as Readonly<Record<string, unknown>>
  const isNamed = Object.keys(SUPER_SIM_PARAMETERS.refused ?? {}).some((name) => name in given)
  const { Granularity } = given
  return isNamed || Granularity === 'hour' || Granularity === 'day'
}
