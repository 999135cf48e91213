/** Scripts that complete commands in a shell, generated from the command tree itself. */
import type { Command, Option } from 'commander'
import { defaultOf, pathOf } from './called-command.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface Place {
  /** The words that lead here, without the program's name: `import list`. */
  readonly path: string
  readonly words: readonly Word[]
}

interface Word {
  readonly text: string
  readonly help: string
  /** Null for a command, and for an option that takes no value. */
  readonly values: readonly string[] | null
}

export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program)
  if (shell === 'fish') return fishScript(places)
  return shell === 'zsh' ? zshScript(places) : bashScript(places)
}

function placesOf(program: Command): Place[] {
  const all = [program, ...below(program)]
  return all.map((command) => {
    const path = pathOf(command).split(' ').slice(1).join(' ')
    const commands = command.commands.map((child) => ({
      text: child.name(),
      help: child.description(),
      values: null,
    }))
    return { path, words: [...commands, ...optionsOf(command).map(wordOf)] }
  })
}

function below(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...below(child)])
}

/** The command's own options, those of its default subcommand, and those of all commands above it. */
function optionsOf(command: Command): Option[] {
  const own = [...command.options, ...(defaultOf(command)?.options ?? [])]
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)]
}

function wordOf(option: Option): Word {
  const { long, description, argChoices, required } = option
  return { text: long!, help: description, values: required ? (argChoices ?? []) : null }
}

/** For options with values, by place and name: which values may follow. Files if the values are not known. */
function valueCases(places: readonly Place[], line: (key: string, values: string) => string) {
  const known = places.flatMap(({ path, words }) =>
    words.flatMap(({ text, values }) =>
      values === null ? [] : [[`${path}:${text}`, values.join(' ')] as const],
    ),
  )
  return known.map(([key, values]) => line(key, values)).join('\n')
}

function bashScript(places: readonly Place[]): string {
  const words = places
    .map(({ path, words }) => `    '${path}') echo '${words.map(({ text }) => text).join(' ')}' ;;`)
    .join('\n')
  return `# Completion in bash: source <(simtally completion bash)
_simtally_words() {
  case "$1" in
${words}
  esac
}
# What may follow an option that takes a value; fails for one that takes none.
_simtally_values() {
  case "$1" in
${valueCases(places, (key, values) => `    '${key}') echo '${values}' ;;`)}
    *) return 1 ;;
  esac
}
_simtally() {
  local path='' word values i current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      -*)
        if values=$(_simtally_values "$path:$word"); then
          if ((i + 1 == COMP_CWORD)); then
            if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$current"))
            else COMPREPLY=($(compgen -f -- "$current")); fi
            return
          fi
          ((i++))
        fi
        ;;
      *)
        if [[ " $(_simtally_words "$path") " == *" $word "* ]]; then path="\${path:+$path }$word"; fi
        ;;
    esac
  done
  COMPREPLY=($(compgen -W "$(_simtally_words "$path")" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _simtally simtally
`
}

/** zsh can run bash's completion functions. */
function zshScript(places: readonly Place[]): string {
  return `#compdef simtally
# Completion in zsh: source <(simtally completion zsh)
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashScript(places)}`
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) => {
    const seen = path.split(' ').filter((word) => word !== '')
    const condition =
      seen.length === 0
        ? '__fish_use_subcommand'
        : seen.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
    return words.map(({ text, help, values }) => {
      const what = text.startsWith('--') ? `-l ${text.slice(2)}` : `-a ${text}`
      const rest = values === null ? '' : values.length > 0 ? ` -x -a '${values.join(' ')}'` : ' -r'
      const file = text.startsWith('--') ? '' : ' -f'
      return `complete -c simtally -n '${condition}'${file} ${what}${rest} -d '${quoted(help)}'`
    })
  })
  return ['# Completion in fish: simtally completion fish | source', ...lines, ''].join('\n')
}

function quoted(text: string): string {
  return text.replace(/[\\']/g, '\\$&').replaceAll('\n', ' ')
}
