/** Every route with every kind of wrong credentials, from the server's own table of routes. */
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KEY_SCOPES, type KeyScope } from '../../src/domain/directory.ts'
import type { Sid } from '../../src/domain/identifiers.ts'
import { newSecret, newSid } from '../../src/domain/secret.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { ACCESS_TOKEN_SECONDS, AccessTokens } from '../../src/http/access-token.ts'
import { type Answer, errorIn } from '../support/answers.ts'
import { aFeed, NOW } from '../support/builders.ts'
import { askSession, OWN_PAGE, signedIn } from '../support/console-session.ts'
import { basic, HttpFixture, type TestCredential } from '../support/http-fixture.ts'
import { routesOf } from '../support/routes.ts'

interface Needs {
  /** Null where no credentials are asked for. */
  readonly scope: KeyScope | null
  /** What it answers then to whoever sends nothing else. */
  readonly answers?: number
  readonly operatorOnly?: true
  /** What stands in the path for a thing of another account, and for none that there is. */
  readonly path?: 'sim' | 'feed' | 'import' | 'account' | 'fleet' | 'key'
}

const read = { scope: 'read' } as const
const admin = { scope: 'admin' } as const
const operatorOnly = { operatorOnly: true } as const

/** A route that is not among them fails the test: who may use it has to be said here. */
const NEEDS: Readonly<Record<string, Needs>> = {
  'GET /healthz': { scope: null },
  'GET /readyz': { scope: null },
  'GET /metrics': { ...read, ...operatorOnly },
  // It reads them from the form: see the tests of access tokens.
  'POST /api-services/v1/auth/token': { scope: null, answers: 400 },
  // Built or not, they are for everybody.
  'GET /console': { scope: null, answers: 404 },
  'GET /console/*': { scope: null, answers: 404 },
  'GET /docs': { scope: null, answers: 404 },
  'GET /docs/*': { scope: null, answers: 404 },
  // They go by the cookie, and refuse pages of others: see the tests of the console.
  'GET /console/session': { scope: null, answers: 401 },
  'POST /console/session': { scope: null, answers: 403 },
  'DELETE /console/session': { scope: null, answers: 403 },
  'GET /docs/openapi.json': read,
  'GET /v1/Accounts': { ...read, ...operatorOnly },
  'POST /v1/Accounts': { ...admin, ...operatorOnly },
  'GET /v1/Accounts/:Sid': { ...read, path: 'account' },
  'POST /v1/Accounts/:Sid': { ...admin, ...operatorOnly, path: 'account' },
  'GET /v1/Audit': { ...read, ...operatorOnly },
  'POST /v1/Audit': { ...admin, ...operatorOnly },
  'GET /v1/Feeds': { ...read, ...operatorOnly },
  'GET /v1/Feeds/:name/Gaps': { ...read, ...operatorOnly, path: 'feed' },
  'POST /v1/Feeds/:name/Gaps/Accept': { ...admin, ...operatorOnly, path: 'feed' },
  'POST /v1/Feeds/:name/Retire': { ...admin, ...operatorOnly, path: 'feed' },
  'POST /v1/Feeds/:name/Unretire': { ...admin, ...operatorOnly, path: 'feed' },
  'POST /v1/Feeds/:name/Records': { scope: 'ingest', path: 'feed' },
  'POST /v1/Feeds/:name/Records/DryRun': { scope: 'ingest', path: 'feed' },
  'GET /v1/Groups': read,
  'POST /v1/Groups': admin,
  'GET /v1/Groups/:SidOrName': { ...read, path: 'fleet' },
  'POST /v1/Groups/:SidOrName': { ...admin, path: 'fleet' },
  'GET /v1/Imports': read,
  'GET /v1/Imports/:id': { ...read, path: 'import' },
  'GET /v1/Imports/:id/Quarantine': { ...read, path: 'import' },
  'POST /v1/Imports/:id/Quarantine/Accept': { ...admin, path: 'import' },
  'POST /v1/Imports/:id/Quarantine/Discard': { ...admin, path: 'import' },
  'POST /v1/Imports/:id/Quarantine/Recycle': { ...admin, path: 'import' },
  'POST /v1/Imports/:id/Undo': { ...admin, path: 'import' },
  'POST /v1/Imports/:id/Undo/DryRun': { ...admin, path: 'import' },
  'GET /v1/Keys': admin,
  'POST /v1/Keys': admin,
  'GET /v1/Keys/:Sid': { ...admin, path: 'key' },
  'POST /v1/Keys/:Sid': { ...admin, path: 'key' },
  'POST /v1/Keys/:Sid/Revoke': { ...admin, path: 'key' },
  'GET /v1/LabelKeys': read,
  'GET /v1/Log': { ...admin, ...operatorOnly },
  'GET /v1/Networks': read,
  'POST /v1/SimLists': admin,
  'POST /v1/SimLists/DryRun': admin,
  'GET /v1/Sims': read,
  'POST /v1/Sims': admin,
  'GET /v1/Sims/:SidOrUniqueName': { ...read, path: 'sim' },
  'POST /v1/Sims/:SidOrUniqueName': { ...admin, path: 'sim' },
  'GET /v1/Sims/:SidOrUniqueName/Membership': { ...read, path: 'sim' },
  'GET /v1/Sims/:SidOrUniqueName/UsageEvents': { ...read, path: 'sim' },
  'GET /v1/Sims/:SidOrUniqueName/UsageRecords': { ...read, path: 'sim' },
  'GET /v1/Usage': read,
  'GET /v1/UsageRecords': read,
  'GET /supersim/v1/Fleets': read,
  'POST /supersim/v1/Fleets': admin,
  'GET /supersim/v1/Fleets/:FleetSidOrUniqueName': { ...read, path: 'fleet' },
  'POST /supersim/v1/Fleets/:FleetSidOrUniqueName': { ...admin, path: 'fleet' },
  'GET /supersim/v1/Networks': read,
  // What it answers is the same for everybody.
  'GET /supersim/v1/Networks/:NetworkSid': read,
  'GET /supersim/v1/Sims': read,
  'POST /supersim/v1/Sims': admin,
  'GET /supersim/v1/Sims/:SidOrUniqueName': { ...read, path: 'sim' },
  'POST /supersim/v1/Sims/:SidOrUniqueName': { ...admin, path: 'sim' },
  'GET /supersim/v1/UsageRecords': read,
}

let fixture: HttpFixture
let routes: string[]
/** For each kind of path: what is another account's, then what is nothing. */
let named: Record<NonNullable<Needs['path']>, readonly [hidden: string, missing: string]>

before(async () => {
  fixture = await HttpFixture.open({ builtPages: '/nowhere' })
  routes = await routesOf(fixture.server)
  const sim = await fixture.addSim()
  const feed = await fixture.store.createFeed(aFeed())
  const { body } = await fixture.deliver('unreadable\n')
  const group = { sid: newSid('HF'), uniqueName: null, settings: {} }
  const fleet = await fixture.store.createGroup(fixture.owner.account.id, group, NOW)
  named = {
    sim: [sim.sid, newSid('DE')],
    feed: [feed.name, 'none'],
    import: [body.import, `IM${'0'.repeat(32)}`],
    account: [fixture.owner.sid, newSid('AC')],
    fleet: [fleet.sid, newSid('HF')],
    key: [(await fixture.addKey({ account: fixture.owner, scope: 'read' })).sid, newSid('SK')],
  }
})
after(() => fixture.close())

function ask(route: string, which: 0 | 1, as: TestCredential | null): Promise<Answer> {
  const [method, pattern] = route.split(' ') as ['GET' | 'POST', string]
  const { path } = NEEDS[route]!
  const url = path === undefined ? pattern : pattern.replace(/:\w+/, named[path][which])
  return fixture.send(method, url, undefined, { as })
}

function told({ status, text, headers }: Answer): unknown[] {
  const { date: _, 'twilio-request-id': __, ...rest } = headers
  let words = text
  for (const names of Object.values(named)) {
    for (const name of names) words = words.replaceAll(`/${name}`, '/(name)')
  }
  // What was made just now has a SID of its own each time.
  if (status === 201) words = words.replaceAll(/HF[0-9a-f]{32}/g, '(made)')
  return [status, words, Object.keys(rest).sort()]
}

describe('every route', () => {
  it('says who may use it', () => {
    assert.deepEqual(
      routes.filter((route) => NEEDS[route] === undefined),
      [],
    )
    assert.ok(routes.length >= 20, routes.join('\n'))
  })

  it('tells nothing to whoever shows no, wrong, unknown, revoked or malformed credentials', async () => {
    const key = await fixture.addKey({ account: null, scope: 'admin' })
    const tokens = new AccessTokens(fixture.store)
    const elsewhere = new AccessTokens({ signingKey: async () => randomBytes(32) })
    const { sid } = fixture.operator
    const [header, claims] = (await tokens.issue(sid as Sid, NOW)).split('.')
    const bearer = [
      // Of a key that is revoked, of another store, forged, of no key, unsigned, ended.
      await tokens.issue(key.sid as Sid, NOW),
      await elsewhere.issue(sid as Sid, NOW),
      `${header}.${claims}.${createHmac('sha256', await fixture.store.signingKey())
        .update(`${header}.${claims}`)
        .digest('base64url')}`,
      await tokens.issue(newSid('SK'), NOW),
      await tokens.issue(fixture.owner.sid as Sid, NOW),
      `${header}.${claims}.`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`,
      await tokens.issue(sid as Sid, NOW - ACCESS_TOKEN_SECONDS),
      await tokens.issue(sid as Sid, NOW + 86_400),
    ].map((token) => `Bearer ${token}`)
    await fixture.store.revokeApiKey(key.sid, NOW)
    const wrong = [
      ...bearer,
      null,
      { ...fixture.owner, secret: newSecret() },
      { sid: newSid('SK'), secret: newSecret() },
      { sid: newSid('AC'), secret: newSecret() },
      key,
      'Basic',
      `Bearer ${fixture.operator.secret}`,
      `Basic ${Buffer.from('no colon').toString('base64')}`,
      `${basic(fixture.operator)}, ${basic(fixture.operator)}`,
    ]
    for (const [i, as] of wrong.entries()) {
      for (const route of routes) {
        const { scope, path, answers = 200 } = NEEDS[route]!
        const [method, pattern] = route.split(' ') as ['GET' | 'POST', string]
        const url = path === undefined ? pattern : pattern.replace(/:\w+/, named[path][0])
        // Another address each time: too many wrong credentials of one are held back.
        const reply = await fixture.server.inject({
          method,
          url,
          remoteAddress: `10.0.${i}.${routes.indexOf(route) + 1}`,
          ...(as !== null && {
            headers: { authorization: typeof as === 'string' ? as : basic(as) },
          }),
        })
        if (scope === null) assert.equal(reply.statusCode, answers, route)
        else {
          assert.equal(reply.statusCode, 401, `${route} ${i}`)
          assert.match(
            errorIn(reply.body).message,
            /^Authenticate(: the access token has expired, .*)?$/,
          )
          const challenge = String(as).startsWith('Bearer') ? /^Bearer/ : /^Basic/
          assert.match(String(reply.headers['www-authenticate']), challenge)
        }
      }
    }
  })

  it('refuses a scope that is smaller than it needs, before it looks at anything', async () => {
    for (const held of KEY_SCOPES) {
      const key = await fixture.addKey({ account: null, scope: held })
      for (const route of routes) {
        const { scope } = NEEDS[route]!
        if (scope === null || KEY_SCOPES.indexOf(held) >= KEY_SCOPES.indexOf(scope)) continue
        const [hidden, missing] = [await ask(route, 0, key), await ask(route, 1, key)]
        assert.equal(hidden.status, 403, `${route} with ${held}`)
        assert.deepEqual(told(hidden), told(missing))
      }
    }
  })

  it('takes the operator’s key with the scope it needs', async () => {
    for (const route of routes) {
      const { scope, path } = NEEDS[route]!
      if (scope === null) continue
      const key = await fixture.addKey({ account: null, scope })
      const [method, pattern] = route.split(' ') as ['GET' | 'POST', string]
      const url = path === undefined ? pattern : pattern.replace(/:\w+/, named[path][1])
      const headers = { authorization: basic(key) }
      const { statusCode, body } = await fixture.server.inject({ method, url, headers })
      assert.ok(statusCode !== 401 && statusCode !== 403, `${route} with ${scope}: ${body}`)
    }
  })

  it('answers an account as if what is another’s, or the operator’s, did not exist', async () => {
    const other = await fixture.addAccount()
    const key = await fixture.addKey({ account: other, scope: 'admin' })
    for (const route of routes) {
      const { scope, path, operatorOnly } = NEEDS[route]!
      if (scope === null) continue
      for (const as of [other, key]) {
        const [hidden, missing] = [await ask(route, 0, as), await ask(route, 1, as)]
        if (operatorOnly) assert.equal(hidden.status, 403, route)
        else if (path !== undefined) assert.equal(hidden.status, 404, `${route}: ${hidden.text}`)
        assert.deepEqual(told(hidden), told(missing), route)
        const leaked = [fixture.owner.sid, named.sim[0]].some((sid) => hidden.text.includes(sid))
        // What the path says is no secret.
        assert.ok(!leaked || path === 'sim' || path === 'account', `${route}: ${hidden.text}`)
      }
    }
  })
})

describe('every route, by a session of the console', () => {
  async function statusOf(route: string, headers: Record<string, string>): Promise<number> {
    const { path } = NEEDS[route]!
    const [method, pattern] = route.split(' ') as ['GET' | 'POST', string]
    const url = path === undefined ? pattern : pattern.replace(/:\w+/, named[path][1])
    return (await fixture.server.inject({ method, url, headers })).statusCode
  }

  it('refuses what the credential may not do, and lets in what it may', async () => {
    for (const held of KEY_SCOPES) {
      const headers = await signedIn(fixture, await fixture.addKey({ account: null, scope: held }))
      for (const route of routes) {
        const { scope } = NEEDS[route]!
        if (scope === null) continue
        const isAllowed = KEY_SCOPES.indexOf(held) >= KEY_SCOPES.indexOf(scope)
        const status = await statusOf(route, headers)
        if (isAllowed) assert.ok(![401, 403].includes(status), `${route} with ${held}: ${status}`)
        else assert.equal(status, 403, `${route} with ${held}`)
      }
    }
  })

  it('changes nothing for a page of another site, and asks nobody for a password', async () => {
    const { cookie } = await signedIn(fixture, fixture.operator)
    for (const route of routes) {
      if (NEEDS[route]!.scope === null || route.startsWith('GET ')) continue
      for (const site of ['cross-site', 'same-site', 'none']) {
        assert.equal(await statusOf(route, { cookie, 'sec-fetch-site': site }), 403, route)
      }
      assert.equal(await statusOf(route, { cookie }), 403, route)
    }
  })

  it('asks nobody for a password when it has ended', async () => {
    const headers = await signedIn(fixture, fixture.operator)
    await askSession(fixture, 'DELETE', { headers })
    for (const route of routes.filter((each) => NEEDS[each]!.scope !== null)) {
      const [method, url] = route.split(' ') as ['GET' | 'POST', string]
      for (const given of [headers, OWN_PAGE]) {
        const reply = await fixture.server.inject({ method, url, headers: given })
        assert.equal(reply.statusCode, 401, route)
        assert.equal(reply.headers['www-authenticate'], undefined, route)
      }
    }
  })
})

describe('every route but the one that tells whether the process lives', () => {
  for (const code of ['missing', 'replaced', 'incompatible'] as const) {
    it(`answers 503 and nothing else when the store is ${code}`, async (t) => {
      t.mock.method(fixture.store, 'requireInPlace', () => {
        throw new UsageError(code, 'in words for the operator')
      })
      const callers = [null, fixture.operator, fixture.owner, { ...fixture.owner, secret: 'x' }]
      for (const route of [...routes, 'GET /nothing', 'POST /v1/Feeds']) {
        for (const as of callers) {
          const isKnown = NEEDS[route] !== undefined
          const [method, url] = route.split(' ') as ['GET' | 'POST', string]
          const { status, error } = isKnown
            ? await ask(route, 0, as)
            : await fixture.send(method, url, undefined, { as })
          if (route === 'GET /healthz') assert.equal(status, 200)
          else {
            assert.deepEqual([status, error.code], [503, 20503], route)
            assert.match(error.message, /store/)
            assert.doesNotMatch(error.message, /operator/)
          }
        }
      }
    })
  }
})
