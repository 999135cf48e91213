/** What an audit can be asked, and what it reports. */

export interface AuditReport {
  /** Ledger rows that were looked at. */
  readonly ledgerRows: number
  /** How many derived cells were recomputed from the ledger. */
  readonly cellsChecked: number
  /** Ledger rows before this instant are under checksum; null if none are. */
  readonly checksummedThrough: number | null
  /** What is wrong, at most `AUDIT_DIFFERENCES_MAX` entries. */
  readonly differences: readonly AuditDifference[]
  readonly differenceCount: number
}

/** A broken store would otherwise fill the memory with its differences. */
export const AUDIT_DIFFERENCES_MAX = 100

export interface AuditDifference {
  /** The table in words, such as `account hour`; `database` for the engine's own findings. */
  readonly table: string
  /** The cell or row in words: whose, when, which zone, country and network. */
  readonly cell: string
  readonly stored: string
  readonly recomputed: string
}

/** What a repair has done. Each difference says what the value was and what it is now. */
export interface RepairReport {
  readonly rebuilt: readonly AuditDifference[]
  readonly notRebuilt: readonly NotRebuilt[]
}

/** What a repair leaves as it is, because nothing trustworthy tells what it was. */
export interface NotRebuilt extends Pick<AuditDifference, 'table' | 'cell'> {
  /** In one line: why, and what to do. */
  readonly remedy: string
}

/** How far an audit has come: what it has found, and the step after which it continues. */
export interface AuditState {
  readonly after: string
  readonly report: AuditReport
  /** How many versions of each import, by its id, the days looked at so far have. */
  readonly versions?: readonly (readonly [importId: number, versions: number])[]
}

export interface AuditOptions {
  /** Only rows of this account, and nothing that belongs to no account. */
  readonly accountId?: number | null
  /** Only days that end after this instant, and what belongs to no day. */
  readonly since?: number | null
  /** Continues where another audit with the same options stopped. */
  readonly resumeFrom?: AuditState | null
  /** Told after each step. */
  readonly onStep?: (step: {
    readonly done: number
    readonly total: number
    readonly state: AuditState
  }) => void | Promise<void>
  /**
   * How long to keep asking questions of one state of the store, in milliseconds; 200 by default. A
   * single question may take longer.
   */
  readonly lookMs?: number
  /**
   * Asked before each step and within long ones. If stopped, the report has what the completed steps have
   * found.
   */
  readonly isStopped?: () => boolean
}

/** A requested audit: whether it is under way or has ended, and what it has found. */
export interface AuditRun {
  /** Null for one that began on schedule. */
  readonly requestedAt: number | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
  /** How long it worked, without the pauses between its parts. */
  readonly seconds: number
  readonly accountId: number | null
  readonly since: number | null
  /** Completed parts, out of `total`; 0 before planning. */
  readonly done: number
  readonly total: number
  readonly state: AuditState | null
  /** How the previous one ended. */
  readonly last: AuditEnd | null
}

export interface AuditEnd {
  readonly finishedAt: number
  readonly seconds: number
  readonly differenceCount: number
}

export function newAuditRun(stated: Partial<AuditRun>): AuditRun {
  return {
    requestedAt: null,
    startedAt: null,
    finishedAt: null,
    seconds: 0,
    accountId: null,
    since: null,
    done: 0,
    total: 0,
    state: null,
    last: null,
    ...stated,
  }
}

/** How an audit ended, or the previous one if it has not; null if none has. */
export function endOfAudit({ finishedAt, seconds, state, last }: AuditRun): AuditEnd | null {
  if (finishedAt === null) return last
  return { finishedAt, seconds, differenceCount: state?.report.differenceCount ?? 0 }
}
