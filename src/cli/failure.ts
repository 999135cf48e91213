/**
 * How a failure reaches whoever called: as one line, or two with a hint; with `--json` as one JSON
 * object a line.
 */
import { CommanderError } from 'commander'
import { UsageError, type UsageErrorCode } from '../domain/usage-error.ts'
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

export interface Told {
  /** Several stand one below the other. */
  readonly faults: readonly string[]
  readonly hint?: string | undefined
}

export interface ToldError extends Told {
  readonly code: UsageErrorCode | 'wrong_usage' | 'failed'
  readonly exitCode: ExitCode
  /** The command that explains what was called wrongly. */
  readonly help?: string
}

/**
 * Says what went wrong on stderr. `help` is the command that explains the one that was called. Anything
 * but an expected failure is a bug and is thrown on.
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

/** The parser's own words; help that was asked for is no failure. */
async function reportParsing(
  context: CliContext,
  { message, exitCode, code }: CommanderError,
  help: string,
): Promise<ExitCode> {
  if (exitCode === 0) return EXIT.done
  // Its suggestion is a line of its own; any other line break came with an argument.
  const [, fault = message, hint] =
    /^error: (.*?)(?:\n(\(Did you mean .*\)))?$/s.exec(message) ?? []
  const faults = [code === 'commander.help' ? 'a command is missing' : fault]
  await reportError(context, { code: 'wrong_usage', exitCode: EXIT.wrongUsage, faults, hint, help })
  return EXIT.wrongUsage
}

/** Of something that failed while the command goes on, or that ends it. */
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

/** Says on stderr what whoever called should know; several faults stand one below the other. */
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
