/**
 * Checks parameters with TypeBox schemas whose refinements are the domain's own parsers. The schema and the
 * handler therefore cannot disagree, and one answer names all faults of a request.
 */
import type { FastifySchemaCompiler } from 'fastify'
import { type Static, type TRefine, type TSchema, type TString, type TUnsafe, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import { callersWords, shownValue } from './error-reply.ts'
import type { ParameterNames } from './parameter-names.ts'

/** A text parameter that `accepts` must allow; `rule` tells a person what is allowed. */
export function parameter(
  name: string,
  rule: string,
  accepts: (text: string) => boolean,
): TRefine<TString> {
  return parsedParameter(name, rule, (text) => {
    if (!accepts(text)) throw invalidField(name, text, rule)
  })
}

/** As `parameter`, for a domain parser that throws `invalid` and itself says what is wrong. */
export function parsedParameter(
  name: string,
  description: string,
  parse: (text: string) => unknown,
): TRefine<TString> {
  return refine(Type.String({ description: `${name}: ${description}` }), parse)
}

/** As `parsedParameter`, for a parameter that may be repeated. */
export function repeatableParameter(
  name: string,
  description: string,
  parse: (text: string) => unknown,
): TRefine<TUnsafe<string | string[]>> {
  const schema = Type.Unsafe<string | string[]>({
    description: `${name}: ${description}`,
    type: ['string', 'array'],
    items: { type: 'string' },
  })
  return refine(schema, (given) => [given].flat().forEach(parse))
}

/** An empty value counts as not given, and so is never wrong. */
function refine<Schema extends TSchema, Value = Static<Schema>>(
  schema: Schema,
  parse: (value: Value) => unknown,
): TRefine<Schema> {
  return Type.Refine<Schema, Value>(
    schema,
    (value) => value === '' || faultOf(value, parse) === null,
    (value) => faultOf(value, parse) ?? '',
  ) as TRefine<Schema>
}

/** The sentence that says what is wrong with the value; null if nothing is. */
function faultOf<Value>(value: Value, parse: (value: Value) => unknown): string | null {
  try {
    parse(value)
    return null
  } catch (error) {
    if (error instanceof UsageError) return callersWords(error)
    throw error
  }
}

type Issue = { readonly keyword: string; readonly instancePath: string; readonly message: string }

/** Compiles a schema once. A request that breaks it fails with one `invalid` that names every fault. */
export function validatorCompiler(names: ParameterNames): FastifySchemaCompiler<TSchema> {
  return ({ schema, httpPart }) => {
    const validator = Compile(schema)
    const misnamed = httpPart === 'params' ? () => [] : names.check(schema)
    return (given: unknown) => {
      // A request without a body changes nothing; its body does not have a wrong type.
      const value = httpPart === 'body' && given === null ? {} : given
      if (httpPart === 'querystring' || httpPart === 'body') settleRepeated(value)
      const named = misnamed(value)
      if (named.length === 0 && validator.Check(value)) return { value }
      return { error: faults(named, validator.Errors(value), value) }
    }
  }
}

/** Some clients send a parameter twice: the value they were given, then the one they page with. */
const LAST_COUNTS = ['PageSize']

/** A parameter repeated with one value counts once. */
function settleRepeated(parameters: unknown): void {
  if (typeof parameters !== 'object' || parameters === null) return
  const values = parameters as Record<string, unknown>
  for (const name in values) {
    const given = values[name]
    if (!Array.isArray(given)) continue
    const last: unknown = given.at(-1)
    if (LAST_COUNTS.includes(name) || given.every((value) => value === last)) values[name] = last
  }
}

function faults(named: readonly string[], issues: readonly Issue[], value: unknown): UsageError {
  const sentences = new Map<string, string>()
  for (const issue of issues) {
    const name = issue.instancePath.split('/')[1] ?? ''
    if (!sentences.has(name)) sentences.set(name, sentenceOf(issue, name, value))
  }
  return new UsageError('invalid', [...named, ...sentences.values()].join('; '))
}

function sentenceOf({ keyword, message }: Issue, name: string, value: unknown): string {
  if (keyword === '~refine') return message
  if (name === '') return 'The body: expected an object of parameters'
  const given = (value as Record<string, unknown>)[name]
  if (Array.isArray(given)) return `${name} is given ${given.length} times: expected once`
  return `${name} ${shownValue(name, JSON.stringify(given))}: expected text`
}
