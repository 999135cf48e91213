/** Texts of RADIUS attributes: names that are made of several, and those that came as bytes. */
import { createHash } from 'node:crypto'
import { RECORD_ID_CHARACTERS_MAX } from './canonical-record.ts'

/** Parts as one text, which no other parts give; hashed when it is too long for a record id. */
export function seriesId(parts: readonly string[]): string {
  const text = parts.map((part) => part.replace(/[\\/]/g, '\\$&')).join('/')
  const isKept = text.length <= RECORD_ID_CHARACTERS_MAX && !text.includes('\0')
  if (isKept && text.isWellFormed()) return text
  return `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`
}

/** Servers without the 3GPP dictionary write the bytes of a text in hexadecimal. */
export function decodedDigits(text: string): string {
  if (!/^0x(?:[0-9a-f]{2})+$/i.test(text)) return text
  return Buffer.from(text.slice(2), 'hex').toString('latin1').replace(/\0+$/, '')
}
