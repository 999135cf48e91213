/**
 * How parameters are checked: TypeBox schemas whose refinements are the domain's own parsers, so
 * that the schema and the handler cannot disagree, and all faults of a request told at once.
 */
import type { FastifySchemaCompiler } from 'fastify'
import { type Static, type TRefine, type TSchema, type TString, type TUnsafe, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import { callersWords, shownValue } from './error-reply.ts'
import type { ParameterNames } from './parameter-names.ts'

/** A parameter of text that `accepts` must allow; `rule` says to a person what is allowed. */
export function parameter(
  name: string,
  rule: string,
  accepts: (text: string) => boolean,
): TRefine<TString> {
  return parsedParameter(name, rule, (text) => {
    if (!accepts(text)) throw invalidField(name, text, rule)
  })
}

/** As `parameter`, for a domain parser that throws `invalid` and says itself what is wrong. */
export function parsedParameter(
  name: string,
  description: string,
  parse: (text: string) => unknown,
): TRefine<TString> {
  return refine(Type.String({ description: `${name}: ${description}` }), parse)
}

/** As `parsedParameter`, for one that may come several times. */
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

/** An empty value is one that is not given, and so never wrong. */
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

/** The sentence about what is wrong with the value, null when nothing is. */
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

/** Compiles a schema once; a request that breaks it fails with one `invalid` naming every fault. */
export function validatorCompiler(names: ParameterNames): FastifySchemaCompiler<TSchema> {
  return ({ schema, httpPart }) => {
    const validator = Compile(schema)
    const misnamed = httpPart === 'params' ? () => [] : names.check(schema)
    return (given: unknown) => {
      // A request without a body changes nothing, and is not one of the wrong type.
      const value = httpPart === 'body' && given === null ? {} : given
      if (httpPart === 'querystring' || httpPart === 'body') settleRepeated(value)
      const named = misnamed(value)
      if (named.length === 0 && validator.Check(value)) return { value }
      return { error: faults(named, validator.Errors(value), value) }
    }
  }
}

/** Some clients send a parameter twice, once as they were told to and once as they page. */
const LAST_COUNTS = ['PageSize']

/** A parameter that comes several times with one value has come once. */
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
