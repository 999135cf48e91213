/** The original APIs' OpenAPI files, and validation of answers by them. */
import { readFile } from 'node:fs/promises'
import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

type Schema = { readonly properties?: Record<string, unknown> }

interface Answer {
  readonly content: { readonly 'application/json': { readonly schema: unknown } }
}

interface OpenApi {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Answer> }>>
  readonly components: { readonly schemas: Record<string, Schema> }
}

export interface OriginalOpenApi {
  /** For an answer to a path as written in the file. */
  readonly validatorOf: (path: string, method?: 'get' | 'post', status?: number) => ValidateFunction
  /** The field names of a schema, sorted. */
  readonly fieldsOf: (schema: string) => string[]
}

/** `corrected` are schemas that the file's own examples contradict. */
export async function originalOpenApi(
  file: 'twilio_wireless_v1.json' | 'twilio_supersim_v1.json',
  corrected: (schemas: Record<string, Schema>) => Record<string, object>,
): Promise<OriginalOpenApi> {
  const url = new URL(`../fixtures/wireless-api/${file}`, import.meta.url)
  const openapi: OpenApi = JSON.parse(await readFile(url, 'utf8'))
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true })
  addFormats.default(ajv, ['date-time', 'uri'])
  ajv.addFormat('http-method', /^(GET|POST)$/)
  ajv.addFormat('uri-map', true)
  ajv.addFormat('iso-country-code', /^[A-Z]{2}$/)
  ajv.addFormat('currency', /^[A-Z]{3}$/)
  const { schemas } = openapi.components
  const components = asJsonSchema({
    ...openapi.components,
    schemas: { ...schemas, ...corrected(schemas) },
  })
  return {
    validatorOf: (path, method = 'get', status = 200) => {
      const { schema } =
        openapi.paths[path]![method]!.responses[status]!.content['application/json']
      return ajv.compile({ ...(asJsonSchema(schema) as object), components })
    },
    fieldsOf: (schema) => Object.keys(schemas[schema]!.properties!).sort(),
  }
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has the type or enum member `null`. */
function asJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asJsonSchema)
  if (typeof node !== 'object' || node === null) return node
  const { nullable, ...rest } = node as Record<string, unknown>
  const schema = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, asJsonSchema(value)]),
  )
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema
}
