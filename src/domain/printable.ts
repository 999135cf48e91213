/** Makes text from outside harmless for whatever shows it: terminals, logs, tables. */

/**
 * Control characters, which steer terminals and break lines; line separators; and characters that change
 * the direction of text, which can make one text look like another.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it finds
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g

/**
 * One line of text in which unprintable characters are written as `\uNNNN`. JSON escapes them the same
 * way, so JSON text keeps its meaning. Doing it twice changes nothing more.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCode)
}

/** `\uNNNN`, for a character that is one UTF-16 unit. */
export function escapeCode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
