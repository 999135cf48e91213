/**
 * Tells apart parts of one session that start in the same second. They share the SIM, time, session and
 * kind of part, and the network does not number them. See `docs/formats/tap3.md`.
 */
import { hash } from 'node:crypto'
import type { Correction } from './cdr-format.ts'

/**
 * How many parts are remembered by their place. A batch lists parts of a session near each other; up to
 * twice as many records may lie between two of them.
 */
const PARTS_REMEMBERED_MAX = 20_000

/** Separates a session from the digest of a part's content. */
const PART = '#'
/** The same for a record that replaces another. */
const CORRECTION = '~'
/** 48 bits, because only parts of one session and second have to differ. */
const DIGEST_CHARACTERS = 12

/** Equal in every file and at every place, because it depends only on the part's content. */
export function contentSuffix(content: string, isCorrection: boolean): string {
  const digest = hash('sha256', content, 'hex').slice(0, DIGEST_CHARACTERS)
  return (isCorrection ? CORRECTION : PART) + digest
}

/** The parts of one session and second, any of which a correction may be meant for. */
export function correctionOf(recordId: string): Correction | null {
  if (recordId.at(-1 - DIGEST_CHARACTERS) !== CORRECTION) return null
  const session = recordId.slice(0, -1 - DIGEST_CHARACTERS)
  const digest = recordId.slice(-DIGEST_CHARACTERS)
  return {
    // The session alone is the first part of a feed that tells parts by place.
    mayBeOf: (id) =>
      id === session || id.startsWith(session + PART) || id.startsWith(session + CORRECTION),
    isSameAs: (id) => id === session + PART + digest || id === recordId,
  }
}

/**
 * Tells parts by their place in the delivery: all but the first are numbered in the order of those that
 * differ. A part that comes again with the same text keeps its number.
 */
export class PartPlaces {
  #texts = new Map<string, string[]>()
  #textsBefore = new Map<string, string[]>()

  /** '' for the first part with this key. */
  suffix(key: string, text: string): string {
    const texts = this.#texts.get(key) ?? this.#textsBefore.get(key)
    if (texts === undefined) {
      if (this.#texts.size >= PARTS_REMEMBERED_MAX) {
        this.#textsBefore = this.#texts
        this.#texts = new Map()
      }
      this.#texts.set(key, [text])
      return ''
    }
    const known = texts.indexOf(text)
    const position = known === -1 ? texts.push(text) : known + 1
    return position === 1 ? '' : `${PART}${position}`
  }
}
