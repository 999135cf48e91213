/** How a command starts: with what it needs, and nothing that only a server has a use for. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Hundreds of files each, which every command would look for and read. */
const OF_SERVERS = ['fastify', 'typebox', 'prom-client', 'pino', 'pg']

const TELL_LOADED = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
  process.on('exit', () => console.log(JSON.stringify(loaded)))`

describe('a command', () => {
  it('starts without the packages that only a server needs', () => {
    const hook = `data:text/javascript,${encodeURIComponent(TELL_LOADED)}`
    const output = execFileSync(process.execPath, ['--import', hook, MAIN, '--version'])
    const loaded: string[] = JSON.parse(String(output).trim().split('\n').at(-1)!)
    const packages = new Set(loaded.map((url) => /node_modules\/([^/]+)/.exec(url)?.[1]))
    assert.ok(packages.has('commander'), [...packages].join(' '))
    assert.deepEqual(
      OF_SERVERS.filter((name) => packages.has(name)),
      [],
    )
  })
})
