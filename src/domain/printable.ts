/** Text from outside, made harmless for what shows it: terminals, logs, tables. */

/**
 * Control characters, which steer terminals and break lines; line separators; and the characters that
 * turn the direction of text, by which one can be made to look like another.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it finds
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/g

/**
 * One line of text in which unprintable characters are written as `\uNNNN`. That is JSON's own way of
 * writing them, so a text that is JSON keeps its meaning. Done twice, it is as done once.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeCode)
}

/** `\uNNNN`, for a character of one UTF-16 unit. */
export function escapeCode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
