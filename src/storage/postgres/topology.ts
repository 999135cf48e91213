/** What differs between the ways of keeping PostgreSQL's tables. Everything else is the same SQL. */

export interface Topology {
  readonly name: 'plain' | 'citus'
  /** Tables distributed over servers, in this order, each with the column that decides where. */
  readonly distributed: readonly {
    readonly table: string
    readonly column: string
    /** Rows with the same value lie on the same server as those of this table. */
    readonly colocatedWith: string | null
  }[]
  /** Tables that every server has a copy of, in this order. */
  readonly reference: readonly string[]
  /**
   * PostgreSQL's `plan_cache_mode`. A generic plan finds partitions and index ranges when it runs;
   * planning each question about a SIM again would cost more than its answer. Citus must see the values
   * to know which servers to ask.
   */
  readonly planCacheMode: 'auto' | 'force_generic_plan'
  /**
   * Whether a transaction sees one state of the database. Several servers commit one after the other, so
   * a long read of them has to keep writers out instead.
   */
  readonly hasOneSnapshot: boolean
  /**
   * Whether attaching a partition waits until nothing under way has changed rows of another one. Citus
   * locks the keys of all partitions in order to name the new one's.
   */
  readonly attachingWaits: boolean
  /**
   * How long a write is tried again unless the URL says so, in milliseconds. In that time, a server
   * restarts, or one of several comes back after a crash or is replaced by its standby.
   */
  readonly writeRetryMs: number
  /** From how many events on a batch is sifted rather than moved; see `Way`. Below, moving is quicker. */
  readonly siftsFrom: number
}

export const TOPOLOGIES = {
  plain: {
    name: 'plain',
    reference: [],
    distributed: [],
    planCacheMode: 'force_generic_plan',
    hasOneSnapshot: true,
    attachingWaits: false,
    writeRetryMs: 30_000,
    siftsFrom: 2_000,
  },
  citus: {
    name: 'citus',
    reference: [
      'setting',
      'account',
      'sim',
      'sim_imsi',
      'sim_tenure',
      'sim_group',
      'sim_membership',
      'sim_label',
      'api_key',
      'feed',
    ],
    distributed: [
      { table: 'ledger', column: 'sim_id', colocatedWith: null },
      { table: 'ledger_history', column: 'sim_id', colocatedWith: 'ledger' },
      { table: 'reading', column: 'sim_id', colocatedWith: 'ledger' },
      { table: 'undone_version', column: 'sim_id', colocatedWith: 'ledger' },
      { table: 'sim_day', column: 'sim_id', colocatedWith: 'ledger' },
      { table: 'account_hour', column: 'account_id', colocatedWith: null },
      { table: 'account_day', column: 'account_id', colocatedWith: 'account_hour' },
    ],
    planCacheMode: 'auto',
    hasOneSnapshot: false,
    attachingWaits: true,
    writeRetryMs: 180_000,
    // A session's table would travel to every server for a look-up.
    siftsFrom: Number.POSITIVE_INFINITY,
  },
} as const satisfies Record<string, Topology>

// What every import writes (`import`, `import_bucket`, `repeat_run`, `account_feed`, `feed_progress`,
// `quarantine`, `quarantine_delivery`, `commit_mark`) stays on the server that clients reach, and so do
// `gap_acceptance`, `feed_grant`, `drop_folder`, `console_session` and `console_link`. With a copy on
// each server, imports would wait for each other.
