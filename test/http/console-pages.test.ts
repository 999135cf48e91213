/** The console's files: what is sent of them, and what browsers are told to make of it. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { HttpFixture } from '../support/http-fixture.ts'

const SCRIPT = 'assets/index-Bx3d.js'
const PAGE = '<!doctype html><script type="module" src="./assets/index-Bx3d.js"></script>'

const builtPages = mkdtempSync(join(tmpdir(), 'simtally-pages-'))
const folder = join(builtPages, 'console')
let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open({ builtPages, trustProxy: true })
})
after(async () => {
  await fixture.close()
  rmSync(builtPages, { recursive: true })
})

async function ask(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return fixture.server.inject({ method: method as 'GET', url, headers })
}

describe('the console', () => {
  it('says how it is built where it has not been', async () => {
    for (const url of ['/console', '/console/', '/console/sims/DE1']) {
      const reply = await ask(url)
      assert.equal(reply.statusCode, 404)
      assert.match(reply.body, /npm run build:console/)
      assert.match(String(reply.headers['content-security-policy']), /^default-src 'none';/)
    }
    assert.equal((await ask(`/console/${SCRIPT}`)).statusCode, 404)
    // It is found once it is there.
    mkdirSync(join(folder, 'assets'), { recursive: true })
    writeFileSync(join(folder, 'index.html'), PAGE)
    writeFileSync(join(folder, SCRIPT), 'plain()')
    writeFileSync(join(folder, `${SCRIPT}.br`), 'brotli')
    writeFileSync(join(folder, `${SCRIPT}.gz`), gzipSync('plain()'))
    writeFileSync(join(folder, 'icon.svg'), '<svg/>')
    writeFileSync(join(folder, 'notes.unknown'), 'secret')
    writeFileSync(join(builtPages, 'outside.txt'), 'outside')
  })

  it('is one page at every path below it, which nobody frames, keeps or adds to', async () => {
    for (const url of [
      '/console',
      '/console/',
      '/console/sims/DE1?from=2026-03-01',
      '/console/a/b',
    ]) {
      const reply = await ask(url)
      assert.equal(reply.statusCode, 200, url)
      assert.equal(reply.body, PAGE.replace('./', '/console/'))
      const { headers } = reply
      assert.deepEqual(
        {
          type: headers['content-type'],
          cache: headers['cache-control'],
          sniffing: headers['x-content-type-options'],
          referrer: headers['referrer-policy'],
          opener: headers['cross-origin-opener-policy'],
          resource: headers['cross-origin-resource-policy'],
        },
        {
          type: 'text/html; charset=utf-8',
          cache: 'no-store',
          sniffing: 'nosniff',
          referrer: 'no-referrer',
          opener: 'same-origin',
          resource: 'same-origin',
        },
      )
      const policy = String(headers['content-security-policy']).split('; ')
      assert.ok(policy.includes("frame-ancestors 'none'") && policy.includes("base-uri 'none'"))
      // Its own files only, nothing inline, and no form that leads elsewhere.
      for (const rule of policy) assert.match(rule, /^[a-z-]+ '(none|self)'$/)
      assert.ok(policy.includes("default-src 'none'") && policy.includes("script-src 'self'"))
    }
  })

  it('finds its files also below a prefix', async () => {
    const { body } = await ask('/console/sims/DE1', {
      'x-forwarded-prefix': '/iot',
      'x-forwarded-proto': 'https',
    })
    assert.equal(body, PAGE.replace('./', '/iot/console/'))
  })

  it('is there whatever a request calls the host, where that is one', async () => {
    for (const host of ['a:65535', '1.2.3.4.5', '[:::::]', 'x_y', '[::1]:8080']) {
      assert.equal((await ask('/console/', { host })).statusCode, 200, host)
      const { statusCode } = await fixture.server.inject({
        ...{
          method: 'DELETE',
          url: '/console/session',
          headers: { host, origin: `http://${host}` },
        },
      })
      assert.equal(statusCode, 204, host)
    }
    for (const host of ['a"b', 'a:99999']) {
      assert.equal((await ask('/console/', { host })).statusCode, 400, host)
    }
  })

  it('has files that are kept for good, compressed as the browser takes it', async () => {
    const taken: [accept: string, coding: string | undefined, body: string][] = [
      ['gzip, deflate, br', 'br', 'brotli'],
      ['gzip', 'gzip', 'plain()'],
      ['br;q=0, gzip;q=0.5', 'gzip', 'plain()'],
      ['identity', undefined, 'plain()'],
    ]
    for (const [accept, coding, body] of taken) {
      const { statusCode, headers, rawPayload } = await ask(`/console/${SCRIPT}`, {
        'accept-encoding': accept,
      })
      assert.equal(statusCode, 200)
      assert.equal(headers['content-encoding'], coding)
      assert.equal(headers.vary, 'Accept-Encoding')
      assert.equal(headers['content-type'], 'text/javascript; charset=utf-8')
      assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
      const text = coding === 'gzip' ? gunzipSync(rawPayload) : rawPayload
      assert.equal(String(text), body)
    }
    const icon = await ask('/console/icon.svg')
    assert.deepEqual(
      [icon.statusCode, icon.headers['content-type'], icon.headers['cache-control']],
      [200, 'image/svg+xml', 'public, max-age=3600'],
    )
    const { statusCode, body, headers } = await ask(`/console/${SCRIPT}`, {}, 'HEAD')
    assert.deepEqual([statusCode, body, headers['content-length']], [200, '', '7'])
  })

  it('has no other files, and lets no path out of its folder', async () => {
    const outside = 'outside.txt'
    for (const path of [
      ...[`../${outside}`, `%2e%2e/${outside}`, `..%2f${outside}`, `..%5c${outside}`],
      ...[`assets/../../${outside}`, `/${folder}/index.html`, `${folder}/icon.svg`],
      ...['assets/', 'assets/none', 'none.js', 'notes.unknown', `${SCRIPT}.gz`],
      ...['index.html', '%00.html', 'a%00.js', 'package.json'],
    ]) {
      const reply = await ask(`/console/${path}`)
      assert.ok([404, 400].includes(reply.statusCode), `${path}: ${reply.statusCode}`)
      assert.doesNotMatch(reply.body, /^(outside|secret)$/)
    }
  })

  it('takes no other methods', async () => {
    for (const [method, url] of [
      ['POST', '/console'],
      ['PUT', '/console/sims/DE1'],
      ['DELETE', '/console/'],
    ] as const) {
      const reply = await ask(url, {}, method)
      assert.deepEqual([reply.statusCode, reply.headers.allow], [405, 'GET, HEAD'], url)
    }
  })

  it('is no more open to others where the operator names their origins', async (t) => {
    const open = await HttpFixture.open({
      ...{ builtPages, allowedOrigins: ['https://app.example.com'] },
    })
    t.after(() => open.close())
    const headers = { origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' }
    const payload = { sid: open.owner.sid, secret: open.owner.secret }
    const reply = await open.server.inject({
      ...{ method: 'POST', url: '/console/session', headers, payload },
    })
    assert.equal(reply.statusCode, 403)
  })
})
