/** Console sessions and sign-in links: every process on a store sees the same. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConsoleLink, ConsoleSession } from '../../src/domain/console-session.ts'
import { hashSecret, newSecret, newSid } from '../../src/domain/secret.ts'
import { NOW } from '../support/builders.ts'
import { type Engine, openEmpty, reopen } from './engine.ts'

function aSession(stated: Partial<ConsoleSession> = {}): ConsoleSession {
  return {
    tokenHash: hashSecret(newSecret()),
    credentialSid: newSid('SK'),
    secretHash: hashSecret('secret'),
    createdAt: NOW,
    idleUntil: NOW + 60,
    expiresAt: NOW + 600,
    ...stated,
  }
}

function aLink(stated: Partial<ConsoleLink> = {}): ConsoleLink {
  const { credentialSid, secretHash, expiresAt } = aSession()
  return { codeHash: hashSecret(newSecret()), credentialSid, secretHash, expiresAt, ...stated }
}

const FEW = { replaced: null, sessionsMax: 3 }

export function describeConsoleSessions(engine: Engine): void {
  describe('sessions of the console', () => {
    it('are found by every store on the database until one store ends them', async (t) => {
      const { store, url } = await openEmpty(t, engine)
      const other = await reopen(t, engine, url)
      const session = aSession()
      await store.beginConsoleSession(session, FEW)
      assert.deepEqual(await other.findConsoleSession(session.tokenHash), session)
      assert.equal(await other.findConsoleSession(aSession().tokenHash), null)
      assert.equal(await other.endConsoleSession(session.tokenHash), true)
      assert.equal(await store.findConsoleSession(session.tokenHash), null)
      assert.equal(await store.endConsoleSession(session.tokenHash), false)
    })

    it('end the one they replace, and the oldest of many', async (t) => {
      const { store } = await openEmpty(t, engine)
      const others = aSession({ createdAt: NOW - 9 })
      await store.beginConsoleSession(others, FEW)
      const { credentialSid } = aSession()
      const sessions = [0, 1, 2, 3, 4].map((i) => aSession({ credentialSid, createdAt: NOW + i }))
      for (const session of sessions) await store.beginConsoleSession(session, FEW)
      const replaced = sessions[3]!.tokenHash
      const last = aSession({ credentialSid, createdAt: NOW + 5 })
      await store.beginConsoleSession(last, { ...FEW, replaced })
      const found = await Promise.all(
        [...sessions, last, others].map(({ tokenHash }) => store.findConsoleSession(tokenHash)),
      )
      assert.deepEqual(
        found.map((session) => session !== null),
        [false, false, true, false, true, true, true],
      )
    })

    it('last longer when they are used, and never shorter', async (t) => {
      const { store } = await openEmpty(t, engine)
      const session = aSession()
      const { tokenHash } = session
      await store.beginConsoleSession(session, FEW)
      await store.extendConsoleSession(tokenHash, NOW + 90)
      await store.extendConsoleSession(tokenHash, NOW + 70)
      await store.extendConsoleSession(aSession().tokenHash, NOW + 90)
      assert.deepEqual(await store.findConsoleSession(tokenHash), {
        ...session,
        idleUntil: NOW + 90,
      })
    })

    it('are forgotten once they expire, and so are the links', async (t) => {
      const { store } = await openEmpty(t, engine)
      const [idle, ended, alive] = [
        aSession({ idleUntil: NOW }),
        aSession({ expiresAt: NOW }),
        aSession({ idleUntil: NOW + 1, expiresAt: NOW + 1 }),
      ]
      for (const session of [idle, ended, alive]) await store.beginConsoleSession(session, FEW)
      const [late, good] = [aLink({ expiresAt: NOW }), aLink({ expiresAt: NOW + 1 })]
      for (const link of [late, good]) await store.addConsoleLink(link)
      assert.equal(await store.forgetConsoleSessions(NOW), 3)
      assert.equal(await store.forgetConsoleSessions(NOW), 0)
      assert.deepEqual(await store.findConsoleSession(alive.tokenHash), alive)
      assert.deepEqual(await store.takeConsoleLink(good.codeHash, NOW), good)
    })
  })

  describe('sign-in links', () => {
    it('are taken by only one of many concurrent callers, and by nobody after that', async (t) => {
      const { store, url } = await openEmpty(t, engine)
      const other = await reopen(t, engine, url)
      const link = aLink()
      await store.addConsoleLink(link)
      const taken = await Promise.all(
        [store, other, store, other].map((each) => each.takeConsoleLink(link.codeHash, NOW)),
      )
      assert.deepEqual(
        taken.filter((one) => one !== null),
        [link],
      )
      assert.equal(await other.takeConsoleLink(link.codeHash, NOW), null)
    })

    it('are valid until they expire, and are logged without the code that opens them', async (t) => {
      const { store } = await openEmpty(t, engine)
      const link = aLink({ credentialSid: newSid('AC') })
      await store.actingAs({ name: 'operator', clock: () => NOW }).addConsoleLink(link)
      const [act] = await store.listActs({}, { limit: 1 })
      assert.deepEqual(
        [act!.actor, act!.verb, act!.objectKind, act!.object],
        ['operator', 'make sign-in link', 'account', link.credentialSid],
      )
      assert.ok(![link.codeHash, link.secretHash].some((it) => JSON.stringify(act).includes(it)))
      assert.equal(await store.takeConsoleLink(aLink().codeHash, NOW), null)
      assert.equal(await store.takeConsoleLink(link.codeHash, link.expiresAt), null)
    })
  })
}
