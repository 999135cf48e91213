/**
 * How a failure reaches the caller: as one line, or two with a hint; with `--json`, as one JSON object per
 * line.
 */
import { CommanderError } from 'commander'
import { UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'

/** The command was called in a way that cannot work, whatever the data. */
export class WrongUsage extends Error {
  readonly hint: string | undefined
  /** The message, or the faults that it combines. */
  readonly faults: readonly string[]

  constructor(message: string, hint?: string, faults: readonly string[] = [message]) {
    super(message)
    this.name = 'WrongUsage'
    this.hint = hint
    this.faults = faults
  }
}

export interface Told {
  /** Several faults are printed one below the other. */
  readonly faults: readonly string[]
  readonly hint?: string | undefined
}

export interface ToldError extends Told {
  readonly code: UsageErrorCode | 'wrong_usage' | 'failed'
  readonly exitCode: ExitCode
  /** The command that explains the one called wrongly. */
  readonly help?: string
}

/**
 * Says on stderr what went wrong. `help` is the command that explains the one that was called. Rethrows
 * anything but an expected failure, because that is a bug.
 */
export async function reportFailure(
  context: CliContext,
  error: unknown,
  help: string,
): Promise<ExitCode> {
  if (error instanceof CommanderError) return await reportParsing(context, error, help)
  if (error instanceof WrongUsage) {
    const { faults, hint } = error
    await reportError(context, {
      code: 'wrong_usage',
      exitCode: EXIT.wrongUsage,
      faults,
      hint,
      help,
    })
    return EXIT.wrongUsage
  }
  if (error instanceof UsageError) {
    await reportUsageError(context, error)
    return EXIT.failed
  }
  throw error
}

/** Reports the parser's own message. Help that was asked for is not a failure. */
async function reportParsing(
  context: CliContext,
  { message, exitCode, code }: CommanderError,
  help: string,
): Promise<ExitCode> {
  if (exitCode === 0) return EXIT.done
  // The parser puts its suggestion on a line of its own. Any other line break came from an argument.
  const [, fault = message, hint] =
    /^error: (.*?)(?:\n(\(Did you mean .*\)))?$/s.exec(message) ?? []
  const faults = [code === 'commander.help' ? 'a command is missing' : fault]
  await reportError(context, { code: 'wrong_usage', exitCode: EXIT.wrongUsage, faults, hint, help })
  return EXIT.wrongUsage
}

/** Reports a failure that either ends the command or lets it go on. */
export function reportUsageError(context: CliContext, error: UsageError): Promise<void> {
  const { code, faults, hint } = error
  return reportError(context, { code, exitCode: EXIT.failed, faults, hint })
}

export async function reportError(context: CliContext, told: ToldError): Promise<void> {
  const { code, exitCode, faults, hint, help } = told
  if (context.stderr.isJson) {
    const error = { code, message: faults.join('; '), faults, hint: hint ?? null }
    await context.stderr.json({ error: { ...error, help: help ?? null, exit_code: exitCode } })
    return
  }
  await tell(context, { faults, hint })
  if (help !== undefined) await context.stderr.line(`  see ${help}`)
}

/** Says on stderr what the caller should know. Several faults are printed one below the other. */
export async function report(
  context: CliContext,
  message: string | readonly string[],
  hint?: string,
): Promise<void> {
  const faults = typeof message === 'string' ? [message] : message
  if (!context.stderr.isJson) return await tell(context, { faults, hint })
  await context.stderr.json({
    warning: { message: faults.join('; '), faults, hint: hint ?? null },
  })
}

async function tell({ stderr }: CliContext, { faults, hint }: Told): Promise<void> {
  const [first = '', ...more] = faults
  await stderr.line([`simtally: ${first}`, ...more.map((fault) => `  ${fault}`)])
  if (hint !== undefined) await stderr.line(`  ${hint}`)
}

/** Runs the parser of a flag's text. A value that breaks a rule is wrong usage. */
export function fromFlags<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    return throwAsWrongUsage(error)
  }
}

/** Rethrows an `invalid` value as wrong usage, and everything else unchanged. */
export function throwAsWrongUsage(error: unknown): never {
  if (error instanceof UsageError && error.code === 'invalid') {
    throw new WrongUsage(error.message, error.hint, error.faults)
  }
  throw error
}
