/** Who may make a store in a database, and what an open one does when another is in its place. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { UsageErrorCode } from '../../src/domain/usage-error.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { failureOf } from '../contract/engine.ts'
import { anAccount } from '../support/builders.ts'
import { execute, newSchema, plainUrl, schemaOf } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'

stopServerAtEnd()

async function place(t: TestContext): Promise<string> {
  const { url, remove } = await newSchema('postgres')
  t.after(remove)
  return url
}

/** Ends the connections that the store has, as a server does that is brought back from a backup. */
async function endConnections(url: string): Promise<void> {
  await execute(
    plainUrl(url),
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'simtally' AND datname = current_database()
       AND pid <> pg_backend_pid()`,
  )
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
  it('that holds no store is refused in one line, and gets no table, not even a schema', async (t) => {
    const url = await place(t)
    const { message, hint } = await failureOf('missing', openStore(url))
    assert.match(message, /^\S+ holds no store yet; simtally init makes one, or name another with/)
    assert.equal(hint, undefined)
    const found = await execute(plainUrl(url), `SELECT to_regnamespace('${schemaOf(url)}') AS name`)
    assert.equal(found[0]!.rows[0].name, null)
    const store = await openStore(url, { create: true })
    await store.close()
    await (await openStore(url)).close()
  })

  it('that another store has taken the place of is answered from no more, until it is back', async (t) => {
    const [url, other] = [await place(t), await place(t)]
    const stores = await Promise.all([url, other].map((at) => openStore(at, { create: true })))
    const [store] = stores
    t.after(() => Promise.all(stores.map((one) => one.close())))
    await store!.createAccount(anAccount())
    const rename = (from: string, to: string) =>
      execute(plainUrl(url), `ALTER SCHEMA ${from} RENAME TO ${to}`)
    const [own, others] = [schemaOf(url), schemaOf(other)]

    await rename(own, `${own}_away`)
    await endConnections(url)
    await assertRefuses(store!, 'missing', /holds no store any more; nothing is answered until/)
    await rename(others, own)
    await assertRefuses(
      store!,
      'replaced',
      /holds another store than before; start again to use it/,
    )
    await rename(own, others)
    await rename(`${own}_away`, own)
    await store!.check()
    store!.requireInPlace()
    assert.equal((await store!.listAccounts()).length, 1)
  })

  it('that is replaced under open connections is noticed by them', async (t) => {
    const [url, other] = [await place(t), await place(t)]
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
