/**
 * The names of a SIM, an account or a key. All of them are text, because leading zeros count. They are
 * parsed at the edge; inside, the branded type proves that they have been.
 */
import {
  GROUPED,
  MADE_DECIMAL,
  ROUNDED,
  SHORTENED,
  SPREADSHEET_DIGITS,
} from './spreadsheet-numbers.ts'
import { invalidField } from './usage-error.ts'

declare const sid: unique symbol
declare const iccid: unique symbol
declare const imsi: unique symbol
declare const msisdn: unique symbol

/** Two letters and 32 hexadecimal digits, as the wireless API names its resources. */
export type Sid = string & { readonly [sid]: true }
export type Iccid = string & { readonly [iccid]: true }
export type Imsi = string & { readonly [imsi]: true }
export type Msisdn = string & { readonly [msisdn]: true }

export type SidPrefix = 'AC' | 'DE' | 'HS' | 'HF' | 'SK' | 'RQ'

export function isSid(text: string, ...prefixes: SidPrefix[]): text is Sid {
  return /^[A-Z]{2}[0-9a-fA-F]{32}$/.test(text) && prefixes.some((p) => text.startsWith(p))
}

/** Throws `invalid`, naming `field`, unless the text is a SID with one of the prefixes. */
export function parseSid(field: string, text: string, ...prefixes: SidPrefix[]): Sid {
  const trimmed = text.trim()
  if (isSid(trimmed, ...prefixes)) return trimmed
  throw invalidField(field, text, `expected ${prefixes.join(' or ')} and 32 hexadecimal digits`)
}

/**
 * Accepts printed forms: spaces, hyphens, the filler F or FF, and the hexadecimal digits in some
 * countries' ICCIDs. The check digit is not verified, because some carriers' ICCIDs have none. A number
 * rounded by a spreadsheet is refused. Throws `invalid`.
 */
export function parseIccid(text: string, field = 'iccid'): Iccid {
  const digits = normalizeIccid(text)
  const damage = spreadsheetDamage(digits ?? text)
  if (digits !== null && damage === null) return digits
  throw invalidField(field, text, damage ?? 'expected 18 to 20 digits starting with 89')
}

/** 6 to 15 digits. Throws `invalid`. */
export function parseImsi(text: string, field = 'imsi'): Imsi {
  const digits = unmarked(text).replace(/\s/g, '')
  if (/^\d{6,15}$/.test(digits)) return digits as Imsi
  throw invalidField(field, text, spreadsheetDamage(digits) ?? 'expected 6 to 15 digits')
}

/** E.164, with or without the plus sign, which is not kept. Throws `invalid`. */
export function parseMsisdn(text: string, field = 'msisdn'): Msisdn {
  const digits = unmarked(text)
    .replace(/[\s()-]/g, '')
    .replace(/^\+/, '')
  if (/^\d{5,15}$/.test(digits)) return digits as Msisdn
  const rule = 'expected 5 to 15 digits, with or without a leading +'
  throw invalidField(field, text, spreadsheetDamage(digits) ?? rule)
}

/** The names by which a record may identify its SIM, in the order in which they are tried. */
export const SIM_NAME_KINDS = ['sid', 'iccid', 'imsi', 'msisdn', 'unique_name'] as const
export type SimNameKind = (typeof SIM_NAME_KINDS)[number]

export interface SimIdentity {
  readonly kind: SimNameKind
  readonly value: string
}

/**
 * What a record's `sim` field can mean, among the given kinds, best first. A number may fit several kinds
 * (15 digits are an IMSI or a phone number); the first that is registered wins. An ICCID is also tried
 * with its check digit added or removed, because some carriers leave it out. Text that looks like a SID
 * or a number is never a unique name; otherwise a number registered later would take the name's usage.
 */
export function simIdentities(
  text: string,
  kinds: readonly SimNameKind[] = SIM_NAME_KINDS,
): readonly SimIdentity[] {
  return meaningsByShape(text.trim()).filter(({ kind }) => kinds.includes(kind))
}

/** True if a record's `sim` field can only be a unique name. */
export function isNameShaped(text: string): boolean {
  return meaningsByShape(text).every(({ kind }) => kind === 'unique_name')
}

function meaningsByShape(trimmed: string): readonly SimIdentity[] {
  if (isSid(trimmed, 'DE', 'HS')) return [{ kind: 'sid', value: trimmed }]
  const number = unmarked(trimmed)
  const found: SimIdentity[] = []
  const iccidDigits = normalizeIccid(number)
  if (iccidDigits !== null) {
    found.push({ kind: 'iccid', value: iccidDigits })
    if (/^\d+$/.test(iccidDigits)) {
      found.push({ kind: 'iccid', value: iccidDigits + luhnDigit(iccidDigits) })
    }
    if (hasCheckDigit(iccidDigits)) {
      found.push({ kind: 'iccid', value: iccidDigits.slice(0, -1) })
    }
  }
  if (/^\d{6,15}$/.test(number)) found.push({ kind: 'imsi', value: number })
  const phone = /^\+?\d{5,15}$/.test(number) ? number.replace('+', '') : null
  if (phone !== null) found.push({ kind: 'msisdn', value: phone })
  return found.length > 0 ? found : [{ kind: 'unique_name', value: trimmed }]
}

/** Shows an identifier in messages without revealing it: the first 6 and last 2 characters. */
export function maskIdentifier(text: string): string {
  return text.length <= 10 ? `${text.slice(0, 2)}…` : `${text.slice(0, 6)}…${text.slice(-2)}`
}

/**
 * The number in a cell that a spreadsheet was told to keep as text (`'890…` or `="890…"`), without the
 * invisible characters that come along when copying from a web page.
 */
function unmarked(given: string): string {
  const text = given.replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
  return /^\s*(?:'(?=\+?\d)(.*)|="([+\d][^"]*)")\s*$/.exec(text)?.slice(1).join('') ?? text
}

/** An ICCID is ten octets on the card; unused half octets are filled with F. */
function normalizeIccid(text: string): Iccid | null {
  const digits = unmarked(text)
    .replace(/[\s-]/g, '')
    .toUpperCase()
    .replace(/^(.{18})FF?$|^(.{19})F$/, '$1$2')
  return /^89[\dA-F]{16,18}$/.test(digits) ? (digits as Iccid) : null
}

/**
 * What a spreadsheet has done to a SIM's number, and the remedy, as the end of a message; null if nothing
 * shows. A rounded ICCID has trailing zeros and a wrong check digit. Its lost digits cannot be guessed,
 * and another SIM may share the rest.
 */
export function spreadsheetDamage(text: string): string | null {
  // With more leading digits, the letter belongs to a hexadecimal ICCID.
  if (/^[+-]?\d([.,]\d+)?E[+-]?\d{1,3}$/i.test(text)) return SHORTENED
  if (/^\d{5,20}[.,]0+$/.test(text)) return MADE_DECIMAL
  if (/^\d{1,3}(?:,\d{3}){2,6}$|^\d{1,3}(?:[.']\d{3}){2,6}$/.test(text)) return GROUPED
  const isRounded =
    /^89\d{17,18}$/.test(text) &&
    text.endsWith('0'.repeat(text.length - SPREADSHEET_DIGITS)) &&
    !hasCheckDigit(text)
  return isRounded ? ROUNDED : null
}

function hasCheckDigit(digits: string): boolean {
  return /^\d+$/.test(digits) && luhnDigit(digits.slice(0, -1)) === digits.slice(-1)
}

/** The Luhn check digit that completes `digits`. */
export function luhnDigit(digits: string): string {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const weighted = i % 2 === 0 ? digit * 2 : digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return String((10 - (sum % 10)) % 10)
}
