/** What the parts of a question's SQL share: its values, and the columns of its answer. */
import type { UsageDimension } from '../../domain/usage-question.ts'
import type { Value } from '../session.ts'

/** Ids of SIMs, both ends included. If `to` is null, up to the last one. */
export interface SimRange {
  readonly from: number
  readonly to: number | null
}

/** The values of a text, each referred to by number, and the SIMs that it is about. */
export class Values {
  readonly all: Value[] = []
  readonly sims: SimRange | null
  /** True if most of the store's SIMs are the account's. */
  readonly hasMost: boolean

  constructor(sims: SimRange | null, hasMost: boolean) {
    this.sims = sims
    this.hasMost = hasMost
  }

  bigint(value: Value): string {
    return `?${this.all.push(value)}::bigint`
  }

  /** A single value is compared directly, so that rows of one month come in the order of SIMs. */
  bigints(values: readonly number[]): string {
    if (values.length === 1) return `= ${this.bigint(values[0]!)}`
    return `= ANY (?${this.all.push(values)}::bigint[])`
  }

  text(value: string): string {
    return `?${this.all.push(value)}::text`
  }
}

/** The column of a dimension in the answer. A member without one has 0 or '' there, never null. */
export const COLUMNS: Readonly<Record<UsageDimension, string>> = {
  sim: 'sim_id',
  group: 'group_id',
  label: 'label',
  zone: 'zone',
  country: 'country',
  network: 'plmn',
  feed: 'feed_id',
}
