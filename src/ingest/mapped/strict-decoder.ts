/** Decodes text chunk after chunk, and finds what is no text at the same place however it is cut. */
import { UsageError } from '../../domain/usage-error.ts'

/** The longest character of any encoding, less one. */
const REST_BYTES_MAX = 3

export class StrictDecoder {
  readonly #label: string
  readonly #name: string
  readonly #whole: TextDecoder
  /** The beginning of a character whose end has not come. */
  #rest: Buffer = Buffer.alloc(0)
  #failure: UsageError | null = null

  /** `label` is what `TextDecoder` calls the encoding, `name` what messages do. */
  constructor(label: string, name: string) {
    this.#label = label
    this.#name = name
    this.#whole = this.#newDecoder()
  }

  /**
   * The text of the characters that end within `bytes`. Where something is no text, what comes
   * before it is handed out, and the next call throws `unreadable`.
   */
  push(bytes: Uint8Array): string {
    if (this.#failure !== null) throw this.#failure
    const all = Buffer.concat([this.#rest, bytes])
    return this.#decodeUsual(all) ?? this.#decodeBytes(all)
  }

  /** Call once, after the last bytes. Throws `unreadable` where they end within a character. */
  end(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#rest.length > 0) throw this.#notText()
  }

  /** Null where the last character is cut at none of the few places where it may be. */
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

  /** True where the bytes are nothing, or a character that goes on. */
  #mayBegin(rest: Buffer): boolean {
    if (rest.length === 0) return true
    try {
      return this.#newDecoder().decode(rest, { stream: true }) === ''
    } catch {
      return false
    }
  }

  /** One byte at a time, up to the one at which it is no text. */
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
