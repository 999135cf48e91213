/** `simtally audit`: checks the whole store and names everything that is wrong. */
import type { Command } from 'commander'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import {
  type AuditDifference,
  type AuditReport,
  type AuditRun,
  endOfAudit,
  newAuditRun,
  type RepairReport,
  type UsageStore,
} from '../../storage/usage-store.ts'
import { carryOutAudit } from '../audit-runs.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { EXIT } from '../context.ts'
import { WrongUsage } from '../failure.ts'
import { accountFilter, reasonOption, sinceOption } from '../options.ts'
import { type ProgressBar, startBar } from '../progress-bar.ts'
import { countOf, formatCount } from '../quantity-text.ts'
import { checksumDays } from '../upkeep.ts'

interface AuditOptions extends DatabaseOption, JsonOption {
  readonly account?: string
  /** UTC seconds. */
  readonly since?: number
  readonly resume?: boolean
  readonly repair?: boolean
  readonly accept?: boolean
  readonly reason?: string
}

const EXAMPLES = `
Examples:
  simtally audit
  simtally audit --since 2026-03-01 --json
  simtally audit --account AC0123456789abcdef0123456789abcdef
  simtally audit --resume
  simtally audit --repair
  simtally audit --accept --since 2026-03-01 --reason 'rows of 2 March restored from the backup of the 3rd'

Recomputes everything derived, compares all other rows with their checksums, and lets the database
check itself. It runs beside a server, in parts, and makes no writer wait. If it is stopped,
--resume continues it. After a full audit that found nothing wrong, all days that can be are put
under checksum.

--repair first rebuilds everything derived: totals of accounts and SIMs, progress of feeds, days and
counts of imports. It says what each was and is, logs that, and then audits. It never touches the
ledger: restore from a backup whatever is still named.

--accept first accepts rows that do not match their checksums, after somebody has restored or
corrected them by hand; with --account or --since, only days of the ledger. The log keeps the old
and new checksums, and the reason.

Exit code 1 if anything is wrong. At most 100 differences are named, and all are counted.`

export function addAuditCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('audit')
    .description(
      'recompute everything derived, compare the rest with its checksums, and name differences',
    )
    .addOption(accountFilter())
    .addOption(sinceOption())
    .option('--resume', 'continue the last audit, if it has not ended')
    .option('--repair', 'first rebuild everything derived that does not agree with the ledger')
    .option('--accept', 'first accept rows that do not match their checksums')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => audit(commandLine, command.optsWithGlobals()))
}

async function audit(commandLine: CommandLine, options: AuditOptions): Promise<void> {
  requireReason(options)
  let accepted: readonly AuditDifference[] | null = null
  let repaired: RepairReport | null = null
  const run = await commandLine.withStore(options, async (store) => {
    if (options.accept === true) {
      const ledgerOnly = options.account !== undefined || options.since !== undefined
      const since = options.since ?? null
      accepted = await store.acceptRows({ reason: options.reason!, since, ledgerOnly })
      for (const { table, cell, stored, recomputed } of accepted) {
        await commandLine.note(
          `simtally: accepted ${table}, ${cell}: was ${stored}, is ${recomputed}`,
        )
      }
    }
    if (options.repair === true) {
      repaired = await store.repairDerived()
      await tellRepaired(commandLine, repaired)
    }
    const done = await runAudit(commandLine, store, await runFor(store, options))
    const isWhole = done.accountId === null && done.since === null
    if (isWhole && done.finishedAt !== null && done.state!.report.differenceCount === 0) {
      await checksumDays(store).catch(passOverReadOnly)
    }
    return done
  })
  const { report } = run.state!
  if (report.differenceCount > 0) commandLine.exitCode = EXIT.failed
  if (options.json === true) await commandLine.printJson(reportToJson(run, { accepted, repaired }))
  else await printReport(commandLine, report)
  if (run.finishedAt === null) {
    throw new UsageError('unavailable', `stopped by ${commandLine.context.stop.signal}`, {
      hint: 'simtally audit --resume continues from there',
    })
  }
}

async function runFor(store: UsageStore, options: AuditOptions): Promise<AuditRun> {
  const { account, since, resume } = options
  if (resume !== true) {
    const accountId = account === undefined ? null : (await accountOf(store, account)).id
    const before = await store.readAuditRun()
    return newAuditRun({ accountId, since: since ?? null, last: before && endOfAudit(before) })
  }
  if (account !== undefined || since !== undefined) {
    throw new WrongUsage('--resume continues the audit as it was started', 'give it alone')
  }
  const last = await store.readAuditRun()
  if (last !== null && last.finishedAt === null) return last
  throw new UsageError('not_found', 'no audit is unfinished', {
    hint: 'begin one without --resume',
  })
}

async function runAudit(
  { context }: CommandLine,
  store: UsageStore,
  begun: AuditRun,
): Promise<AuditRun> {
  const { stderr, stop, clock } = context
  let bar: ProgressBar | null = null
  let saidTenths = 0
  const onPart = ({ done, total, state }: AuditRun) => {
    const words = `${formatCount(state!.report.differenceCount)} wrong`
    if (stderr.isTerminal) {
      bar ??= startBar(stderr, words)
      bar.update(done / total, words)
      return
    }
    const tenths = Math.floor((done / total) * 10)
    if (tenths === saidTenths) return
    saidTenths = tenths
    void stderr.line(`simtally: ${done} of ${total} parts checked, ${words}`)
  }
  const stopListening = stop.listen(() => {})
  try {
    return await carryOutAudit(store, begun, {
      clock,
      isStopped: () => stop.signal !== null,
      onPart,
      // An audit on a read-only store still reports what is wrong.
      keep: (run) => store.keepAuditRun(run).catch(passOverReadOnly),
    })
  } finally {
    stopListening()
    ;(bar as ProgressBar | null)?.end()
  }
}

function passOverReadOnly(error: unknown): void {
  if (!(error instanceof UsageError && error.code === 'read_only')) throw error
}

/** Accepting a difference for good needs a reason. */
function requireReason({ accept, reason, resume }: AuditOptions): void {
  if (accept === true && reason === undefined) {
    throw new WrongUsage(
      '--accept needs a reason',
      "say with --reason 'text' why the rows are right",
    )
  }
  if (accept !== true && reason !== undefined) {
    throw new WrongUsage('--reason is for --accept', 'give both, or neither')
  }
  if (accept === true && resume === true) {
    throw new WrongUsage('--accept does not go with --resume', 'begin a new audit with --accept')
  }
}

function wasAndIs({ table, cell, stored, recomputed }: AuditDifference) {
  return { table, cell, was: stored, is: recomputed }
}

async function tellRepaired(
  commandLine: CommandLine,
  { rebuilt, notRebuilt }: RepairReport,
): Promise<void> {
  for (const { table, cell, stored, recomputed } of rebuilt) {
    await commandLine.note(`simtally: rebuilt ${table}, ${cell}: was ${stored}, is ${recomputed}`)
  }
  for (const { table, cell, remedy } of notRebuilt) {
    await commandLine.note(`simtally: not rebuilt: ${table}, ${cell}: ${remedy}`)
  }
}

interface Done {
  readonly accepted: readonly AuditDifference[] | null
  readonly repaired: RepairReport | null
}

function reportToJson({ state, seconds, finishedAt }: AuditRun, { accepted, repaired }: Done) {
  const { report } = state!
  return {
    ...(accepted !== null && { accepted: accepted.map(wasAndIs) }),
    ...(repaired !== null && {
      rebuilt: repaired.rebuilt.map(wasAndIs),
      not_rebuilt: repaired.notRebuilt,
    }),
    ledger_rows: report.ledgerRows,
    cells_checked: report.cellsChecked,
    checksummed_through:
      report.checksummedThrough === null ? null : formatInstant(report.checksummedThrough),
    seconds: Math.round(seconds * 1000) / 1000,
    finished: finishedAt !== null,
    difference_count: report.differenceCount,
    differences: report.differences,
  }
}

async function printReport(commandLine: CommandLine, report: AuditReport): Promise<void> {
  for (const { table, cell, stored, recomputed } of report.differences) {
    await commandLine.print(`${table}, ${cell}: stored ${stored}, expected ${recomputed}`)
  }
  const checked = countOf(report.cellsChecked, 'derived number')
  const rows = countOf(report.ledgerRows, 'ledger row')
  const through = report.checksummedThrough
  const sums =
    through === null ? 'no day is under checksum' : `checksums through ${formatInstant(through)}`
  if (report.differenceCount === 0) {
    await commandLine.print(
      `${checked} ${report.cellsChecked === 1 ? 'agrees' : 'agree'} with ${rows}; ${sums}`,
    )
    return
  }
  await commandLine.print(
    `${countOf(report.differenceCount, 'thing is', 'things are')} wrong, of ${checked} and ${rows}; ${sums}`,
  )
}
