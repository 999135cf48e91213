/** Tells Super SIM clients that call the other API, at the root, where theirs is. */
import type { FastifyRequest } from 'fastify'
import { UsageError } from '../../domain/usage-error.ts'
import type { BaseUrlOf } from '../base-url.ts'
import { superSimUrl } from './address.ts'

/** Parameters of the Super SIM API that the other one refuses, with any value or with these. */
type Signs = Readonly<Record<string, 'any' | readonly string[]>>

export const SIGNS_IN_USAGE: Signs = {
  StartTime: 'any',
  EndTime: 'any',
  Sim: 'any',
  Fleet: 'any',
  Network: 'any',
  IsoCountry: 'any',
  Group: 'any',
  Granularity: ['hour', 'day'],
}

export const SIGNS_IN_SIMS: Signs = {
  Fleet: 'any',
  RegistrationCode: 'any',
  Status: ['inactive'],
}

/** A route's error handler, which leaves the answer to the server's. */
export function pointToSuperSim(baseUrlOf: BaseUrlOf, signs: Signs) {
  return (error: Error, request: FastifyRequest): never => {
    const isRefused = error instanceof UsageError && error.code === 'invalid'
    const isMisdirected = [request.query, request.body].some((given) => hasSign(given, signs))
    if (!isRefused || !isMisdirected) throw error
    const hint = `the Super SIM API is answered under ${superSimUrl(baseUrlOf(request))}`
    const { field, value } = error
    throw new UsageError(error.code, error.message, {
      hint: error.hint === undefined ? hint : `${error.hint}; ${hint}`,
      ...(field !== undefined && { field }),
      // It may hold a subscriber's number, so the answer masks it.
      ...(value !== undefined && { value }),
    })
  }
}

function hasSign(given: unknown, signs: Signs): boolean {
  if (typeof given !== 'object' || given === null) return false
  const parameters = given as Readonly<Record<string, unknown>>
  return Object.entries(signs).some(([name, values]) => {
    const value = parameters[name]
    return value !== undefined && (values === 'any' || values.includes(String(value)))
  })
}
