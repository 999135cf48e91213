/** The quarantined records that a command is about. */
import { Option } from 'commander'
import {
  QUARANTINE_REASONS,
  type QuarantineEntry,
  type QuarantineReason,
} from '../domain/import.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { feedOf } from './command-line.ts'
import { WrongUsage } from './failure.ts'
import { importNamed } from './import-names.ts'
import { oldestFirst } from './listing.ts'
import { wholeNumberFlag } from './option-values.ts'
import { feedFilter } from './options.ts'

export interface QuarantineFilter {
  readonly import?: number
  readonly feed?: string
  readonly cause?: QuarantineReason
}

/** Created anew for each command that has them. */
export function quarantineFilterFlags(): Option[] {
  return [
    new Option('--import <number>', 'of this import only').argParser(
      wholeNumberFlag('--import', 1, Number.MAX_SAFE_INTEGER),
    ),
    feedFilter(),
    new Option('--cause <reason>', 'that wait for this reason only').choices(QUARANTINE_REASONS),
  ]
}

/** The filter in the store's terms. Throws `not_found`. */
export async function quarantineFilter(
  store: UsageStore,
  { import: importId, feed, cause }: QuarantineFilter,
): Promise<Parameters<UsageStore['listQuarantine']>[0]> {
  if (importId !== undefined) await importNamed(store, importId)
  return {
    ...(importId === undefined ? {} : { importId }),
    ...(feed === undefined ? {} : { feedId: (await feedOf(store, feed)).id }),
    ...(cause === undefined ? {} : { reason: cause }),
  }
}

/** By id, or as `IMPORT:LINE`. Throws `not_found` for an unknown one. */
export async function entriesNamed(
  store: UsageStore,
  names: readonly string[],
): Promise<QuarantineEntry[]> {
  const found: QuarantineEntry[] = []
  for (const name of names) {
    const [, first = '', line] = /^(\d{1,15})(?::(\d{1,15}))?$/.exec(name) ?? []
    if (first === '') {
      throw new WrongUsage(
        `${JSON.stringify(name)}: expected IMPORT:LINE such as 7:42, or the id of an entry`,
      )
    }
    const entries =
      line === undefined
        ? [await store.findQuarantineEntry(Number(first))]
        : await entriesOfLine(store, Number(first), Number(line))
    const there = entries.filter((entry) => entry !== null)
    if (there.length === 0) {
      throw new UsageError('not_found', `there is no quarantined record ${name}`, {
        hint: 'simtally quarantine list shows the existing ones',
      })
    }
    found.push(...there)
  }
  return found
}

async function entriesOfLine(
  store: UsageStore,
  importId: number,
  line: number,
): Promise<QuarantineEntry[]> {
  const entries: QuarantineEntry[] = []
  for await (const entry of oldestFirst((page) => store.listQuarantine({ importId }, page))) {
    if (entry.line === line) entries.push(entry)
  }
  return entries
}
