/** Finds the import that a person names by its number, or by its SID as the API shows it. */
import type { Import } from '../domain/import.ts'
import { UsageError } from '../domain/usage-error.ts'
import { importSids } from '../http/import-sids.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { wholeNumberFlag } from './option-values.ts'

const importNumber = wholeNumberFlag('import', 1, Number.MAX_SAFE_INTEGER)

/** For commander: an import's number, or a text that may be its SID. Throws `WrongUsage`. */
export function importNameOf(text: string): number | string {
  return text.startsWith('IM') ? text : importNumber(text)
}

/** Fails with `not_found`. */
export async function importNamed(store: UsageStore, name: number | string): Promise<Import> {
  const id = typeof name === 'number' ? name : (await importSids(store)).idOf(name)
  const found = id === null ? null : await store.findImport(id)
  if (found !== null) return found
  throw new UsageError('not_found', `there is no import ${name}`, {
    hint: 'simtally import list shows the existing ones',
  })
}
