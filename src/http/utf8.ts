/**
 * Requests speak UTF-8. Decoding would turn anything else into other letters, and into a name that nobody
 * gave.
 */
import { isUtf8 } from 'node:buffer'
import { HttpError } from './error-reply.ts'

const ABOVE_ASCII = /%[89a-f][0-9a-f]/i
const ENCODED = /%([0-9a-f]{2})/gi

/**
 * Whether a text's percent-encoded bytes are UTF-8 and, with the letters beside them, form whole characters.
 */
export function isEncodedUtf8(text: string): boolean {
  if (!ABOVE_ASCII.test(text)) return true
  const bytes = Buffer.from(text)
    .toString('latin1')
    .replace(ENCODED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return isUtf8(Buffer.from(bytes, 'latin1'))
}

/** The text of a body. Throws 400 for one that is not UTF-8. */
export function utf8Of(body: Buffer): string {
  if (!isUtf8(body)) throw notUtf8()
  return body.toString()
}

export function notUtf8(): HttpError {
  return new HttpError('invalid_parameter', 'The body is not UTF-8')
}
