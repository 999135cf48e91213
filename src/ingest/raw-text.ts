/** Shows records as delivered, which may be any bytes, as text that loses none of them. */

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * UTF-8 as it is, and any other byte as `\xNN`. A backslash that would look like such an escape becomes
 * `\x5c` itself, so that the bytes can be told from the text.
 */
export function rawText(bytes: Uint8Array): string {
  try {
    return escapeBackslashes(DECODER.decode(bytes))
  } catch {
    return decodeByCharacter(bytes)
  }
}

function escapeBackslashes(text: string): string {
  return text.replace(/\\(?=x)/g, '\\x5c')
}

function decodeByCharacter(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const character = decodeAt(bytes, at)
    if (character === null) {
      text += `\\x${bytes[at]!.toString(16).padStart(2, '0')}`
      at += 1
    } else {
      const isEscape = character.text === '\\' && bytes[at + 1] === 'x'.charCodeAt(0)
      text += isEscape ? '\\x5c' : character.text
      at += character.length
    }
  }
  return text
}

/** Null if no UTF-8 character starts here. */
function decodeAt(bytes: Uint8Array, at: number): { text: string; length: number } | null {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  try {
    return { text: DECODER.decode(bytes.subarray(at, at + length)), length }
  } catch {
    return null
  }
}
