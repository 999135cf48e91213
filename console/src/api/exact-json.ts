/** JSON whose whole numbers are exact: those above 2^53 become bigints instead of being rounded. */

interface ParsedFrom {
  /** As the number was written; absent for what is no primitive. */
  readonly source?: string
}

/** TypeScript's library does not know the third argument of a reviver yet. */
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
