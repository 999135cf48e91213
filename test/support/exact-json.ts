/** JSON whose numbers may pass 2^53: sums of counters are bigints. */

/** TypeScript's library does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON: (text: string) => unknown }

export function toExactJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? rawJSON(part.toString()) : part,
  )
}
