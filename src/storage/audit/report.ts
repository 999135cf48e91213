/** What an audit is asked for, and what it says. */

export interface AuditReport {
  /** Rows of the ledger that were looked at. */
  readonly ledgerRows: number
  /** How many derived cells were recomputed from the ledger. */
  readonly cellsChecked: number
  /** Rows of the ledger before this instant are under checksum; null where none are. */
  readonly checksummedThrough: number | null
  /** What is wrong, at most `AUDIT_DIFFERENCES_MAX` of it. */
  readonly differences: readonly AuditDifference[]
  readonly differenceCount: number
}

/** A broken store would otherwise fill the memory with its differences. */
export const AUDIT_DIFFERENCES_MAX = 100

export interface AuditDifference {
  /** The table in words, such as `account hour`; `database` for what the engine says of its own. */
  readonly table: string
  /** The cell or the row in words: whose, when, which zone, country and network. */
  readonly cell: string
  readonly stored: string
  readonly recomputed: string
}

/** What a repair has done; the differences are those that were, each with what it is now. */
export interface RepairReport {
  readonly rebuilt: readonly AuditDifference[]
  readonly notRebuilt: readonly NotRebuilt[]
}

/** What a repair leaves as it is, because nothing that can be trusted tells what it was. */
export interface NotRebuilt extends Pick<AuditDifference, 'table' | 'cell'> {
  /** In a line: why, and what to do. */
  readonly remedy: string
}

/** How far an audit is: what it has found, and the step after which it goes on. */
export interface AuditState {
  readonly after: string
  readonly report: AuditReport
  /** So many versions of each import, by its id, have the days that were looked at. */
  readonly versions?: readonly (readonly [importId: number, versions: number])[]
}

export interface AuditOptions {
  /** Only rows of this account, and nothing that belongs to none. */
  readonly accountId?: number | null
  /** Only days that end after this instant, and what belongs to no day. */
  readonly since?: number | null
  /** Goes on where another audit with the same options was. */
  readonly resumeFrom?: AuditState | null
  /** Told after each step. */
  readonly onStep?: (step: {
    readonly done: number
    readonly total: number
    readonly state: AuditState
  }) => void | Promise<void>
  /**
   * For how long questions go on being asked of one state of the store, in milliseconds; 200 unless
   * given. A single question may take longer.
   */
  readonly lookMs?: number
  /** Asked before each step and within long ones; the report then says what the steps before have found. */
  readonly isStopped?: () => boolean
}

/** An audit that was asked for: whether it is under way or has ended, and what it has found. */
export interface AuditRun {
  /** Null for one that was begun because it was time. */
  readonly requestedAt: number | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
  /** How long looking took, without the times between its parts. */
  readonly seconds: number
  readonly accountId: number | null
  readonly since: number | null
  /** Parts of the way, of `total`; 0 before it was planned. */
  readonly done: number
  readonly total: number
  readonly state: AuditState | null
  /** How the one before it ended. */
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

/** How an audit ended, or the one before where it has not; null where none has. */
export function endOfAudit({ finishedAt, seconds, state, last }: AuditRun): AuditEnd | null {
  if (finishedAt === null) return last
  return { finishedAt, seconds, differenceCount: state?.report.differenceCount ?? 0 }
}
