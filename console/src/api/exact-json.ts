/** JSON with exact whole numbers: those above 2^53 become bigints instead of being rounded. */

interface ParsedFrom {
  /** The number as written; absent for anything that is not a primitive. */
  readonly source?: string
}

/** TypeScript's library does not yet know a reviver's third argument. */
const parse = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, from: ParsedFrom) => unknown,
) => unknown

export function parseExact(text: string): unknown {
  return parse(text, (_, value, { source = '' }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  )
}
