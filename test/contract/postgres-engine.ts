/** PostgreSQL and Citus as the contract suite knows an engine. */
import { openStore } from '../../src/storage/open-store.ts'
import { execute, newSchema, plainUrl, schemaOf } from '../support/postgres-schema.ts'
import { openTempStore } from '../support/temp-store.ts'
import type { DerivedTable, Engine } from './engine.ts'

const TABLE_NAMES: Record<DerivedTable, string> = {
  'account hour': 'account_hour',
  'account day': 'account_day',
  'sim day': 'sim_day',
}

async function corrupt(url: string, table: DerivedTable): Promise<void> {
  const name = `${schemaOf(url)}.${TABLE_NAMES[table]}`
  const [result] = await execute(plainUrl(url), `UPDATE ${name} SET upload = upload + 1`)
  if (result?.rowCount !== 1) throw new Error(`${result?.rowCount} cells of ${table} were changed`)
}

export function postgresEngine(name: string, engine: 'postgres' | 'citus'): Engine {
  return {
    name,
    isOnServer: true,
    open: () => openTempStore(engine),
    make: () => openTempStore(engine, () => newSchema(engine)),
    reopen: openStore,
    corrupt,
  }
}
