/** Which command a line calls. Looks only at its words, so it works even if they cannot be parsed. */
import type { Command, Option } from 'commander'

/** The words that call the command: `simtally import list`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** The deepest command that the words name. If that has a default subcommand, the default. */
export function calledCommand(program: Command, words: readonly string[]): Command {
  let command = program
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') break
    if (word.startsWith('-') && word !== '-') {
      if (takesNextWord(command, word)) at++
      continue
    }
    const below = command.commands.find((child) => child.name() === word)
    if (below === undefined) break
    command = below
  }
  return defaultOf(command) ?? command
}

/** What `simtally usage truck-1` runs: `usage show`. Null for a command without such. */
export function defaultOf(command: Command): Command | null {
  // Commander does not expose the name.
  const name = (command as { _defaultCommandName?: string | null })._defaultCommandName
  return command.commands.find((child) => child.name() === name) ?? null
}

function takesNextWord(command: Command, word: string): boolean {
  if (word.includes('=')) return false
  const option = optionOf(command, word)
  return option?.required === true
}

/** Also finds options of the commands above, and of the default subcommand. */
export function optionOf(command: Command, word: string): Option | undefined {
  const isMeant = ({ long, short }: Option) => long === word || short === word
  const inherited = command.parent === null ? undefined : optionOf(command.parent, word)
  return command.options.find(isMeant) ?? defaultOf(command)?.options.find(isMeant) ?? inherited
}

/** True if the words before `--` ask for JSON. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end === -1 ? words.length : end).includes('--json')
}
