/** Amounts as people read them. The exact number is one hover away. */

/** Decimal: 1 kB is 1,000 bytes. Binary: 1 KiB is 1,024. */
export type ByteUnits = 'decimal' | 'binary'

const NAMES: Readonly<Record<ByteUnits, readonly string[]>> = {
  decimal: ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'],
  binary: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'],
}
const STEPS: Readonly<Record<ByteUnits, bigint>> = { decimal: 1000n, binary: 1024n }

export interface ByteUnit {
  readonly bytes: bigint
  readonly name: string
}

/** The largest unit that the amount reaches. */
export function unitOf(bytes: bigint, units: ByteUnits): ByteUnit {
  const names = NAMES[units]
  let index = 0
  let size = 1n
  while (index < names.length - 1 && bytes >= size * STEPS[units]) {
    size *= STEPS[units]
    index++
  }
  return { bytes: size, name: names[index]! }
}

/** Three significant digits, cut and never rounded up: `1.23 GB`, `45.6 MB`, `789 kB`, `12 B`. */
export function bytesText(bytes: bigint, units: ByteUnits): string {
  const unit = unitOf(bytes, units)
  const whole = bytes / unit.bytes
  if (unit.bytes === 1n || whole >= 100n) return `${countText(whole)} ${unit.name}`
  const places = whole >= 10n ? 1 : 2
  const scale = 10n ** BigInt(places)
  const fraction = ((bytes % unit.bytes) * scale) / unit.bytes
  return `${whole}.${String(fraction).padStart(places, '0')} ${unit.name}`
}

/** `12,345,678 bytes`: nothing cut off. */
export function exactBytesText(bytes: bigint): string {
  return `${countText(bytes)} ${bytes === 1n ? 'byte' : 'bytes'}`
}

/** The size of a change: `+1.23 GB`, `−12 B`, `0 B`. */
export function bytesChangeText(change: bigint, units: ByteUnits): string {
  return signed(change, (bytes) => bytesText(bytes, units))
}

export function countChangeText(change: bigint): string {
  return signed(change, countText)
}

function signed(change: bigint, text: (amount: bigint) => string): string {
  if (change < 0n) return `−${text(-change)}`
  return change === 0n ? text(change) : `+${text(change)}`
}

/** `12,345`, in English form whatever the browser's language. */
export function countText(count: bigint | number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `record` for 1, `records` for any other number. */
export function nounOf(count: bigint | number, noun: string): string {
  return BigInt(count) === 1n ? noun : `${noun}s`
}

/** The share of a whole, to the nearest tenth: `12.3 %`. A share that rounds to nothing is `< 0.1 %`. */
export function shareText(part: bigint, whole: bigint): string {
  if (whole === 0n || part === 0n) return '0 %'
  const tenths = (part * 2000n + whole) / (whole * 2n)
  return tenths === 0n ? '< 0.1 %' : `${tenths / 10n}.${tenths % 10n} %`
}

/** `Math.max` does not take bigints. At least 1, so that it can divide. */
export function mostOf(amounts: readonly bigint[]): bigint {
  let most = 1n
  for (const amount of amounts) if (amount > most) most = amount
  return most
}

/** Compared with the previous period, in whole percent; null if that one had no usage. */
export function changePercent(now: bigint, before: bigint): number | null {
  return before === 0n ? null : Math.round(Number(((now - before) * 1000n) / before) / 10)
}
