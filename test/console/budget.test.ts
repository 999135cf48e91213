/** What a browser has to load before it shows anything. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { CONSOLE_SOURCE } from '../../scripts/build-console.ts'

const folder = mkdtempSync(join(tmpdir(), 'simtally-budget-'))
after(() => rmSync(folder, { recursive: true }))

describe('the first load of the console', () => {
  it('is at most 100 kB of JavaScript and 15 kB of CSS, gzipped, and has nothing inline', async () => {
    await build({ root: CONSOLE_SOURCE, logLevel: 'error', build: { outDir: folder } })
    const html = readFileSync(join(folder, 'index.html'), 'utf8')
    // What the page names; the rest is loaded by who goes there.
    const named = [...html.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, name]) => name!)
    const lazy = readdirSync(join(folder, 'assets')).filter((name) => !named.includes(name))
    assert.ok(
      lazy.some((name) => /^manage-.*\.js$/.test(name)),
      lazy.join(' '),
    )
    const size = (ending: string) =>
      named
        .filter((name) => name.endsWith(ending))
        .map((name) => gzipSync(readFileSync(join(folder, 'assets', name)), { level: 9 }).length)
        .reduce((sum, bytes) => sum + bytes, 0)
    assert.ok(size('.js') > 10_000 && size('.js') <= 100_000, `${size('.js')} bytes of JavaScript`)
    assert.ok(size('.css') > 1_000 && size('.css') <= 15_000, `${size('.css')} bytes of CSS`)
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:/)
  })
})
