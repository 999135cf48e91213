/** How a failure reaches the person at the terminal: one line, or two with a hint. */
import { CommanderError } from 'commander'
import { UsageError } from '../domain/usage-error.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'

/** The command was called in a way that cannot work, whatever the data. */
export class WrongUsage extends Error {
  readonly hint: string | undefined
  /** The message, or the faults that it joins. */
  readonly faults: readonly string[]

  constructor(message: string, hint?: string, faults: readonly string[] = [message]) {
    super(message)
    this.name = 'WrongUsage'
    this.hint = hint
    this.faults = faults
  }
}

/** Says what went wrong on stderr. Anything but an expected failure is a bug and is thrown on. */
export async function reportFailure(context: CliContext, error: unknown): Promise<ExitCode> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUsage
  if (error instanceof WrongUsage) {
    await report(context, error.faults, error.hint)
    return EXIT.wrongUsage
  }
  if (error instanceof UsageError) {
    await report(context, error.faults, error.hint)
    return EXIT.failed
  }
  throw error
}

/** Several faults stand one below the other. */
export async function report(
  context: CliContext,
  message: string | readonly string[],
  hint?: string,
): Promise<void> {
  const [first = '', ...more] = typeof message === 'string' ? [message] : message
  await context.stderr.line([`simtally: ${first}`, ...more.map((fault) => `  ${fault}`)])
  if (hint !== undefined) await context.stderr.line(`  ${hint}`)
}

/** Runs what turns a flag's text into a value; a value that breaks a rule is wrong usage. */
export function fromFlags<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    return throwAsWrongUsage(error)
  }
}

/** Throws on: an `invalid` value as wrong usage, everything else as it is. */
export function throwAsWrongUsage(error: unknown): never {
  if (error instanceof UsageError && error.code === 'invalid') {
    throw new WrongUsage(error.message, error.hint, error.faults)
  }
  throw error
}
