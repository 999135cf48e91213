/** Writes BER, for tests. It shares nothing with the reader, so that neither hides the other's mistakes. */

/** An element before it is written: its children, or its content. */
export interface BerNode {
  readonly tag: number
  readonly content: readonly BerNode[] | Uint8Array
  /** Class bits of the first octet; application by default. */
  readonly classBits?: number
}

export interface BerStyle {
  /** Constructed elements have no length, and end with a mark. */
  readonly indefinite?: boolean
  /** How many octets more than necessary lengths have. */
  readonly lengthPadding?: number
}

export function encode(node: BerNode, style: BerStyle = {}): Uint8Array {
  const isConstructed = !(node.content instanceof Uint8Array)
  const first = (node.classBits ?? 0x40) | (isConstructed ? 0x20 : 0)
  const identifier = node.tag < 31 ? [first | node.tag] : [first | 31, ...base128(node.tag)]
  const content = isConstructed
    ? Buffer.concat((node.content as readonly BerNode[]).map((child) => encode(child, style)))
    : (node.content as Uint8Array)
  if (isConstructed && style.indefinite === true) {
    return Buffer.concat([Uint8Array.from([...identifier, 0x80]), content, new Uint8Array(2)])
  }
  const length = lengthOctets(content.length, style.lengthPadding ?? 0)
  return Buffer.concat([Uint8Array.from([...identifier, ...length]), content])
}

export function seq(tag: number, ...children: (BerNode | null)[]): BerNode {
  return { tag, content: children.filter((child) => child !== null) }
}

export function octets(tag: number, content: Uint8Array): BerNode {
  return { tag, content }
}

export function ascii(tag: number, text: string): BerNode {
  return { tag, content: Buffer.from(text, 'latin1') }
}

/** Two's complement in as few octets as possible. */
export function integer(tag: number, value: number | bigint): BerNode {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    bytes.unshift(Number(BigInt.asUintN(8, rest)))
    rest >>= 8n
  } while (!((rest === 0n && bytes[0]! < 0x80) || (rest === -1n && bytes[0]! >= 0x80)))
  return { tag, content: Uint8Array.from(bytes) }
}

/** Two digits per octet, the left one first, filled up with F. */
export function bcd(tag: number, digits: string): BerNode {
  return { tag, content: Buffer.from(digits.length % 2 === 0 ? digits : `${digits}F`, 'hex') }
}

function base128(value: number): number[] {
  const octetsOfTag = [value & 0x7f]
  for (let rest = value >> 7; rest > 0; rest >>= 7) octetsOfTag.unshift((rest & 0x7f) | 0x80)
  return octetsOfTag
}

function lengthOctets(length: number, padding: number): number[] {
  if (length < 0x80 && padding === 0) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  bytes.unshift(...new Array<number>(padding).fill(0))
  return [0x80 | bytes.length, ...bytes]
}
