/** `simtally completion`: prints a script with which a shell completes commands, options and their values. */
import { Argument, type Command } from 'commander'
import type { CommandLine } from '../command-line.ts'
import { completionScript, SHELLS, type Shell } from '../completion.ts'

const EXAMPLES = `
Examples:
  source <(simtally completion bash)       in ~/.bashrc
  source <(simtally completion zsh)        in ~/.zshrc
  simtally completion fish > ~/.config/fish/completions/simtally.fish`

export function addCompletionCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('completion')
    .description('print a script with which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => commandLine.context.stdout.write(completionScript(program, shell)))
}
