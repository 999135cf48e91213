/** SQLite as a contract engine, for tests of what only it does; they damage no file. */
import assert from 'node:assert/strict'
import { openStore } from '../../src/storage/open-store.ts'
import { openTempStore } from '../support/temp-store.ts'
import type { Engine } from './engine.ts'

export const SQLITE: Engine = {
  name: 'SQLite',
  open: () => openTempStore('sqlite'),
  make: () => openTempStore('sqlite'),
  reopen: openStore,
  corrupt: async () => assert.fail('not used here'),
}
