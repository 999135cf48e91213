/** Amounts of usage, as exact as they were counted. */
import type { components } from '../../../src/client/client.ts'

/** Bytes and Commands. */
export interface Amounts {
  readonly data: bigint
  readonly download: bigint
  readonly upload: bigint
  readonly commands: bigint
  readonly toSim: bigint
  readonly fromSim: bigint
}

export interface UsageRow extends Amounts {
  readonly start: number
  readonly member: Pick<
    components['schemas']['UsageMember'],
    'sim_sid' | 'group' | 'label' | 'zone' | 'country_code' | 'network'
  >
}

const NOTHING: Amounts = {
  ...{ data: 0n, download: 0n, upload: 0n, commands: 0n, toSim: 0n, fromSim: 0n },
}

export function sumOf(rows: readonly Amounts[]): Amounts {
  return rows.reduce<Amounts>(
    (sum, row) => ({
      data: sum.data + row.data,
      download: sum.download + row.download,
      upload: sum.upload + row.upload,
      commands: sum.commands + row.commands,
      toSim: sum.toSim + row.toSim,
      fromSim: sum.fromSim + row.fromSim,
    }),
    NOTHING,
  )
}
