/**
 * Ids for records that have none: a key of their content, and their number among equal ones. Equal
 * records can both be true (two messages in one second), and a file that comes again has them in the same
 * order.
 */
import { createHash } from 'node:crypto'
import { UsageError } from '../../domain/usage-error.ts'

/** Each key is remembered until the delivery ends, at about 100 bytes. */
export const CONTENT_KEYS_MAX = 1_000_000

/** 128 bits, so that no two contents share a key by chance. */
const KEY_DIGITS = 32

export class ContentIds {
  readonly #counts = new Map<string, number>()

  /** Throws `unreadable` at `CONTENT_KEYS_MAX` different contents. */
  idOf(content: string): string {
    if (content === '') return ''
    const key = createHash('sha256').update(content).digest('hex').slice(0, KEY_DIGITS)
    const count = (this.#counts.get(key) ?? 0) + 1
    if (this.#counts.size >= CONTENT_KEYS_MAX && count === 1) {
      throw new UsageError(
        'unreadable',
        `more than ${CONTENT_KEYS_MAX} records without an id of their own (CONTENT_KEYS_MAX)`,
        { hint: 'cut the delivery into smaller ones; what was counted stays counted once' },
      )
    }
    this.#counts.set(key, count)
    return count === 1 ? key : `${key}-${count}`
  }
}

/** The texts as one, unambiguously: no two lists of texts give the same. */
export function joinedTexts(texts: readonly string[]): string {
  if (texts.length === 1) return texts[0]!
  let joined = ''
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!
    const isPlain = !text.includes('|') && !text.includes('\\')
    joined += (i === 0 ? '' : '|') + (isPlain ? text : text.replace(/[\\|]/g, '\\$&'))
  }
  return joined
}
