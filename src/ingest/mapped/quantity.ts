/**
 * Decimal text times a unit, as whole bytes. No float is involved: the value is rounded once, with half a
 * byte rounded up.
 */
import type { DataUnit } from './mapping.ts'

export const UNIT_BYTES: Readonly<Record<DataUnit, number>> = {
  bytes: 1,
  kB: 1_000,
  KiB: 1_024,
  MB: 1_000_000,
  MiB: 1_048_576,
  GB: 1_000_000_000,
  GiB: 1_073_741_824,
}

/** No counter is longer, and a number of thousands of digits would take seconds to read. */
const NUMBER_CHARACTERS_MAX = 64
/** 9.007e15 bytes is the largest counter, and 1e-40 of any unit is nothing. */
const EXPONENT_MAX = 40

const DECIMAL = /^\+?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/
/** This many digits are exact in a float. */
const USUAL_CHARACTERS_MAX = 15
const POWERS_OF_TEN = Array.from(
  { length: USUAL_CHARACTERS_MAX + 1 },
  (_, exponent) => 10 ** exponent,
)

/** How a carrier writes numbers. */
export interface NumberStyle {
  readonly decimal: string
  /** Empty if digits are not grouped. */
  readonly thousands: string
}

/**
 * What programs write for signs that group digits. Nobody sees the difference, and so nobody could say it in
 * a mapping.
 */
const LOOK_ALIKES = [
  { sign: ' ', others: /[\u00a0\u2009\u202f]/g },
  { sign: "'", others: /\u2019/g },
] as const

/** The number with a decimal point and no groups. Null if groups do not have three digits. */
export function plainNumber(text: string, style: NumberStyle): string | null {
  const { thousands } = style
  const alike = LOOK_ALIKES.find(({ sign }) => sign === thousands)
  if (alike !== undefined) return grouped(text.replace(alike.others, thousands), style)
  return grouped(text, style)
}

function grouped(text: string, { decimal, thousands }: NumberStyle): string | null {
  if (thousands !== '' && text.includes(thousands)) {
    const [whole = '', ...fraction] = text.split(decimal)
    const groups = whole.split(thousands)
    const isGrouped = /^[+-]?\d{1,3}$/.test(groups[0]!) && groups.slice(1).every(isGroup)
    if (!isGrouped || fraction.length > 1 || fraction[0]?.includes(thousands)) return null
    return [groups.join(''), ...fraction].join('.')
  }
  if (decimal === '.') return text
  return text.includes('.') ? null : text.replace(decimal, '.')
}

/**
 * True for `2.048`, which may be a fraction or grouped thousands. `1024.000` and `0.048` are fractions.
 * `1.024.000` is a number only if the mapping says that points group digits.
 */
export function mayBeGrouped(text: string): boolean {
  return text.at(-4) === '.' && /^[1-9]\d{0,2}\.\d{3}$/.test(text)
}

function isGroup(digits: string): boolean {
  return /^\d{3}$/.test(digits)
}

/** Digits of the nearest whole number of bytes; null if the text is no number of 0 or more. */
export function wholeBytes(text: string, unitBytes: number): string | null {
  if (unitBytes === 1 && isDigits(text)) return text
  const usual = usualBytes(text, unitBytes)
  if (usual >= 0) return String(usual)
  const exact = toFraction(text)
  if (exact === null) return null
  const { digits, scale } = exact
  if (scale <= 0) return (BigInt(digits) * BigInt(unitBytes) * 10n ** BigInt(-scale)).toString()
  const divisor = 10n ** BigInt(scale)
  return ((BigInt(digits) * BigInt(unitBytes) * 2n + divisor) / (2n * divisor)).toString()
}

/** Digits of the number if it is whole and 0 or more, such as `12`, `12.0` or `1.2e1`; otherwise null. */
export function wholeNumber(text: string): string | null {
  if (isDigits(text)) return text
  const exact = toFraction(text)
  if (exact === null) return null
  const { digits, scale } = exact
  if (scale <= 0) return (BigInt(digits) * 10n ** BigInt(-scale)).toString()
  const divisor = 10n ** BigInt(scale)
  return BigInt(digits) % divisor === 0n ? (BigInt(digits) / divisor).toString() : null
}

/** The value is `digits` divided by ten to the power of `scale`. */
function toFraction(text: string): { digits: string; scale: number } | null {
  if (text.length > NUMBER_CHARACTERS_MAX) return null
  const match = DECIMAL.exec(text)
  if (match === null) return null
  const [, whole = '', fraction = '', exponentText = '0'] = match
  const exponent = Number(exponentText)
  const digits = whole + fraction
  if (digits === '' || Math.abs(exponent) > EXPONENT_MAX) return null
  return { digits, scale: fraction.length - exponent }
}

/**
 * `wholeBytes` for what nearly every record has: a few digits with a point among them. -1 for anything
 * else. Below 2^53, every step is exact except the division, which is off by too little to reach the next
 * whole number.
 */
function usualBytes(text: string, unitBytes: number): number {
  if (text.length > USUAL_CHARACTERS_MAX) return -1
  let digits = 0
  let point = -1
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit
    else if (text[i] === '.' && point === -1) point = i
    else return -1
  }
  const scale = point === -1 ? 0 : text.length - 1 - point
  // A point alone is no number.
  if (text.length === (point === -1 ? 0 : 1)) return -1
  const divisor = POWERS_OF_TEN[scale]!
  const dividend = digits * unitBytes * 2 + divisor
  return Number.isSafeInteger(dividend) ? Math.floor(dividend / (divisor * 2)) : -1
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) return false
  }
  return text !== ''
}
