/** Decodes text chunk by chunk, and finds invalid bytes at the same place however it is cut. */
import { UsageError } from '../../domain/usage-error.ts'

/** One less than the longest character of any encoding. */
const REST_BYTES_MAX = 3

export class StrictDecoder {
  readonly #label: string
  readonly #name: string
  readonly #whole: TextDecoder
  /** The beginning of a character whose end has not come. */
  #rest: Buffer = Buffer.alloc(0)
  #failure: UsageError | null = null

  /** `label` is the encoding's name for `TextDecoder`, `name` the one for messages. */
  constructor(label: string, name: string) {
    this.#label = label
    this.#name = name
    this.#whole = this.#newDecoder()
  }

  /**
   * The text of the characters that end within `bytes`. If some bytes are invalid, what precedes them is
   * returned, and the next call throws `unreadable`.
   */
  push(bytes: Uint8Array): string {
    if (this.#failure !== null) throw this.#failure
    const all = Buffer.concat([this.#rest, bytes])
    return this.#decodeUsual(all) ?? this.#decodeBytes(all)
  }

  /** Call once, after the last bytes. Throws `unreadable` if they end within a character. */
  end(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#rest.length > 0) throw this.#notText()
  }

  /** Null if none of the few possible cuts of the last character gives valid text. */
  #decodeUsual(all: Buffer): string | null {
    for (let cut = 0; cut <= Math.min(REST_BYTES_MAX, all.length); cut++) {
      const rest = all.subarray(all.length - cut)
      if (!this.#mayBegin(rest)) continue
      const text = this.#decodeWhole(all.subarray(0, all.length - cut))
      if (text === null) continue
      this.#rest = Buffer.from(rest)
      return text
    }
    return null
  }

  #decodeWhole(bytes: Buffer): string | null {
    try {
      return this.#whole.decode(bytes)
    } catch {
      return null
    }
  }

  /** True if the bytes are empty, or an incomplete character. */
  #mayBegin(rest: Buffer): boolean {
    if (rest.length === 0) return true
    try {
      return this.#newDecoder().decode(rest, { stream: true }) === ''
    } catch {
      return false
    }
  }

  /** One byte at a time, up to the invalid one. */
  #decodeBytes(all: Buffer): string {
    const decoder = this.#newDecoder()
    let text = ''
    try {
      for (let at = 0; at < all.length; at++) {
        text += decoder.decode(all.subarray(at, at + 1), { stream: true })
      }
    } catch {
      this.#failure = this.#notText()
    }
    return text
  }

  #newDecoder(): TextDecoder {
    return new TextDecoder(this.#label, { fatal: true, ignoreBOM: true })
  }

  #notText(): UsageError {
    return new UsageError('unreadable', `the delivery is not ${this.#name}`, {
      hint: 'source.encoding of the mapping says which encoding it is',
    })
  }
}
