/** Texts of RADIUS attributes: names made of several, and those that came as bytes. */
import { createHash } from 'node:crypto'
import { RECORD_ID_CHARACTERS_MAX } from './canonical-record.ts'

/** Joins parts unambiguously; hashed if it is too long for a record id. */
export function seriesId(parts: readonly string[]): string {
  const text = parts.map((part) => part.replace(/[\\/]/g, '\\$&')).join('/')
  const isKept = text.length <= RECORD_ID_CHARACTERS_MAX && !text.includes('\0')
  if (isKept && text.isWellFormed()) return text
  return `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`
}

/**
 * Digits of a text attribute. Servers without the 3GPP dictionary write its bytes in hexadecimal. Some
 * gateways pad it with NULs, or with the F that ends an odd number of digits in BCD.
 */
export function decodedDigits(text: string): string {
  const isHexadecimal = /^0x(?:[0-9a-f]{2})+$/i.test(text)
  const decoded = isHexadecimal ? Buffer.from(text.slice(2), 'hex').toString('latin1') : text
  return decoded.replace(/\0+$/, '').replace(/^(\d{5}|\d{14,15})F$/i, '$1')
}
