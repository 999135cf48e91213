/** Adapts a reader of UTF-8 to a delivery in any encoding. */
import { type EncodingChoice, Utf8Stream } from '../mapped/encoding.ts'
import type { CdrReader } from './cdr-format.ts'

export function decodedReader(reader: CdrReader, choice: EncodingChoice): CdrReader {
  const utf8 = new Utf8Stream(choice)
  const readDecoded = (decode: () => Uint8Array) => {
    let text: Uint8Array
    try {
      text = decode()
    } catch (error) {
      // A fault already found by the reader lies before it, and has only not been thrown yet.
      reader.push(new Uint8Array(0))
      throw error
    }
    return reader.push(text)
  }
  return {
    push: (chunk) => readDecoded(() => utf8.push(chunk)),
    end: () => {
      const rest = readDecoded(() => utf8.end())
      return [...rest, ...reader.end()]
    },
    warnings: () => reader.warnings(),
    facts: () => reader.facts(),
    context: () => reader.context?.() ?? null,
    ...(reader.restarts !== undefined && { restarts: () => reader.restarts!() }),
  }
}
