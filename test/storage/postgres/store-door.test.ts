/** Who may create a store in a database, and what an open store does when another has taken its place. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { UsageErrorCode } from '../../../src/domain/usage-error.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { failureOf } from '../../contract/engine.ts'
import { anAccount } from '../../support/builders.ts'
import {
  endConnections,
  execute,
  newDatabase,
  newSchema,
  plainUrl,
  schemaOf,
} from '../../support/postgres-schema.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

/** Two schemas of one database, in which no other test works. */
async function places(t: TestContext): Promise<[string, string]> {
  const database = await newDatabase()
  t.after(database.remove)
  const [one, other] = [
    await newSchema('postgres', database),
    await newSchema('postgres', database),
  ]
  return [one.url, other.url]
}

async function assertRefuses(store: UsageStore, code: UsageErrorCode, message: RegExp) {
  const failures = [
    await failureOf(code, store.check()),
    await failureOf(code, store.listAccounts()),
    await failureOf(code, store.createAccount(anAccount())),
  ]
  for (const failure of failures) assert.match(failure.message, message)
  assert.throws(() => store.requireInPlace(), { code })
}

describe('a database', () => {
  it('without a store is refused in one line, and gets no table or even schema', async (t) => {
    const [url] = await places(t)
    const { message, hint } = await failureOf('missing', openStore(url))
    assert.match(message, /^\S+ holds no store yet; simtally init makes one, or name another with/)
    assert.equal(hint, undefined)
    const found = await execute(plainUrl(url), `SELECT to_regnamespace('${schemaOf(url)}') AS name`)
    assert.equal(found[0]!.rows[0].name, null)
    const store = await openStore(url, { create: true })
    await store.close()
    await (await openStore(url)).close()
  })

  it('replaced by another store answers nothing until it is back', async (t) => {
    const [url, other] = await places(t)
    const stores = await Promise.all([url, other].map((at) => openStore(at, { create: true })))
    const [store] = stores
    t.after(() => Promise.all(stores.map((one) => one.close())))
    await store!.createAccount(anAccount())
    const rename = (from: string, to: string) =>
      execute(plainUrl(url), `ALTER SCHEMA ${from} RENAME TO ${to}`)
    const [own, others] = [schemaOf(url), schemaOf(other)]

    await rename(own, `${own}_away`)
    // Like a server that is restored from a backup.
    await endConnections(url)
    await assertRefuses(store!, 'missing', /holds no store any more; nothing is answered until/)
    await rename(others, own)
    await assertRefuses(store!, 'replaced', /holds another store than before; restart to use it/)
    await rename(own, others)
    await rename(`${own}_away`, own)
    await store!.check()
    store!.requireInPlace()
    assert.equal((await store!.listAccounts()).length, 1)
  })

  it('replaced under open connections is noticed by them', async (t) => {
    const [url, other] = await places(t)
    const stores = await Promise.all([url, other].map((at) => openStore(at, { create: true })))
    t.after(() => Promise.all(stores.map((one) => one.close())))
    const [store] = stores
    await store!.check()
    const [own, others] = [schemaOf(url), schemaOf(other)]
    await execute(
      plainUrl(url),
      `ALTER SCHEMA ${own} RENAME TO ${own}_away`,
      `ALTER SCHEMA ${others} RENAME TO ${own}`,
    )
    await failureOf('replaced', store!.check())
    assert.throws(() => store!.requireInPlace(), { code: 'replaced' })
    await execute(
      plainUrl(url),
      `ALTER SCHEMA ${own} RENAME TO ${others}`,
      `ALTER SCHEMA ${own}_away RENAME TO ${own}`,
    )
    await store!.check()
    store!.requireInPlace()
  })
})
