/** Small shapes from which the schemas of several resources are built. */
import { type Static, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox'

/**
 * An object or null. The serializer takes this OpenAPI keyword as it is; a union would make it validate every
 * value first.
 */
export function nullable<Schema extends TSchema>(schema: Schema): TUnsafe<Static<Schema> | null> {
  return Type.Unsafe<Static<Schema> | null>({ ...schema, nullable: true })
}

export const nullableText = nullable(Type.String())

/** Sums can pass 2^53, so they stay bigints until they become digits on the wire. */
export const bigInteger = Type.Unsafe<bigint>({ type: 'integer' })

/** The form of every list: the rows under their name, then `meta`. */
export function listSchema<Key extends string, Row extends TSchema>(key: Key, row: Row) {
  const rows = { [key]: Type.Array(row) } as Record<Key, ReturnType<typeof Type.Array<Row>>>
  return Type.Object({ ...rows, meta: metaSchema } satisfies TProperties)
}

const metaSchema = Type.Object({
  first_page_url: Type.String(),
  key: Type.String(),
  next_page_url: nullableText,
  page: Type.Integer(),
  page_size: Type.Integer(),
  previous_page_url: nullableText,
  url: Type.String(),
})

/** The name of a delivery without its folders, which concern only the server. */
export function sourceToApi(source: string): string {
  return source.slice(Math.max(source.lastIndexOf('/'), source.lastIndexOf('\\')) + 1)
}

/** The schema of an answer that the route returns as JSON text, to be sent unserialized. */
export function asText(schema: TSchema): TUnsafe<string> {
  return Type.Unsafe<string>(schema)
}
