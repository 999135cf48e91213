/** Small shapes that the schemas of several resources are made of. */
import { type Static, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox'

/**
 * An object, or null. Not a union: the serializer takes the OpenAPI keyword as it is, where a
 * union would make it validate every value first.
 */
export function nullable<Schema extends TSchema>(schema: Schema): TUnsafe<Static<Schema> | null> {
  return Type.Unsafe<Static<Schema> | null>({ ...schema, nullable: true })
}

export const nullableText = nullable(Type.String())

/** Sums can pass 2^53: they are bigints up to the last moment, and digits on the wire. */
export const bigInteger = Type.Unsafe<bigint>({ type: 'integer' })

/** A list as all of them are answered: the rows under their name, then `meta`. */
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

/** The name of a delivery without its folders, which are the server's own affair. */
export function sourceToApi(source: string): string {
  return source.slice(Math.max(source.lastIndexOf('/'), source.lastIndexOf('\\')) + 1)
}

/** The schema of an answer that a route gives as JSON text, which then is not serialized. */
export function asText(schema: TSchema): TUnsafe<string> {
  return Type.Unsafe<string>(schema)
}
