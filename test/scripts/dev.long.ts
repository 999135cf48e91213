/** `npm run dev` in a copy of the program, so that a change of its source is nobody else's. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'simtally-dev-'))

before(() => {
  for (const name of ['src', 'scripts', 'console', 'package.json']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
})
after(() => rmSync(copy, { recursive: true }))

describe('npm run dev', () => {
  it('serves the demo, prints a request with credentials, and starts anew on a change', async () => {
    const demo = ['src/cli/main.ts', 'demo', '--no-serve', '--sims', '1', '--days', '1']
    execFileSync(process.execPath, demo, { cwd: copy, stdio: 'ignore' })
    const dev = spawn(process.execPath, ['scripts/dev.ts', '--port', '0'], { cwd: copy })
    try {
      const lines = createInterface(dev.stdout)[Symbol.asyncIterator]()
      await answering(lines)
      appendFileSync(join(copy, 'src/cli/main.ts'), '\n')
      await answering(lines)
    } finally {
      dev.kill('SIGTERM')
      await once(dev, 'exit')
    }
  })
})

/** Resolves once the next request that is printed has been answered. */
async function answering(lines: AsyncIterator<string>): Promise<void> {
  for (;;) {
    const { value, done } = await lines.next()
    assert.equal(done, false, 'it ended')
    const [, credentials, url] = /^ {2}curl -u (\S+) '(\S+)'$/.exec(value) ?? []
    if (credentials === undefined || url === undefined) continue
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    const { status } = await fetch(url, { headers: { authorization } })
    assert.equal(status, 200)
    return
  }
}
