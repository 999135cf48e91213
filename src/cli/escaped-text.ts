/** Shows bytes from outside as text that is harmless to a terminal and loses nothing. */
import { isUtf8 } from 'node:buffer'

/**
 * Reads UTF-8. A byte that is not part of valid UTF-8, a control character or a backslash becomes
 * `\xNN`, so that the bytes can be read back.
 */
export function escapedText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at < buffer.length; ) {
    const length = characterLength(buffer, at)
    if (length === 0) text += escapedByte(buffer[at]!)
    else text += buffer.toString('utf8', at, at + length)
    at += Math.max(length, 1)
  }
  return text
}

function escapedByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

/** How many bytes form a printable character here; 0 if the byte has to be escaped. */
function characterLength(buffer: Buffer, at: number): number {
  const first = buffer[at]!
  if (first < 0x80) return first < 0x20 || first === 0x7f || first === 0x5c ? 0 : 1
  // 0x80 to 0x9f are control characters too; in UTF-8 they are c2 80 to c2 9f.
  if (first === 0xc2 && (buffer[at + 1] ?? 0) < 0xa0) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const character = buffer.subarray(at, at + length)
  return character.length === length && isUtf8(character) ? length : 0
}
