/** What `npm pack` makes, installed where there is no checkout, on each Node that people have. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ROOT, StrangeMachine } from './strange-machine.ts'

const INSTALLED_MEGABYTES_MAX = 60

/** The examples of the page on programs: a client, and the server below a path of another one. */
const [CLIENT = '', EMBEDDING = ''] = [
  ...readFileSync(join(ROOT, 'docs/programs.md'), 'utf8').matchAll(/^```js\n(.*?)^```$/gms),
].map(([, code]) => code!)

/** Both examples as one program, on a port that is free and with credentials that are right. */
function exampleProgram({ sid, auth_token }: { sid: string; auth_token: string }): string {
  const client = CLIENT.replace(/url: '[^']+'/, "url: url + '/usage'").replace(
    /credentials: \{[^}]+\}.*/,
    `credentials: { sid: '${sid}', secret: '${auth_token}' },`,
  )
  const checks = `
const url = await app.listen({ port: 0, host: '127.0.0.1' })
for (const path of ['/usage/readyz', '/usage/v1/Sims', '/mine']) {
  const reply = await fetch(url + path)
  console.log(reply.status, await reply.text())
}
${client}
const missing = await openStore('sqlite:./none.db').catch((error) => error)
console.log(missing.name, missing.code)
await app.close()
await meter.close()
await store.close()
`
  return EMBEDDING.replace(/^await app\.listen.*$/m, () => checks)
}

/** What a program in TypeScript may rely on, and what must not compile. */
const TYPED = `
import { buildServer, type HttpServer, LIMITS_DEFAULT, openStore, type UsageStore } from 'simtally'

const store: UsageStore = await openStore('sqlite:./typed.db')
const server: HttpServer = buildServer({ store, clock: () => 0, limits: { headerBytes: LIMITS_DEFAULT.headerBytes } })
await server.listen({ port: 0 })
const [feed] = await store.listFeeds()
export const name: string | undefined = feed?.name
// @ts-expect-error a server needs a clock
buildServer({ store })
`

let machine: StrangeMachine
let tarball: string
before(async () => {
  machine = await StrangeMachine.open()
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--json', '--pack-destination', machine.path()],
    { cwd: ROOT },
  )
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  tarball = machine.path(filename)
  await machine.makeFolder('global')
  await machine.mustRun('npm', ['install', '-g', '--prefix', machine.path('global'), tarball])
})
after(() => machine?.close())

const simtally = () => machine.path('global', 'bin', 'simtally')
const packagePath = (...parts: string[]) =>
  machine.path('global', 'lib', 'node_modules', 'simtally', ...parts)

describe('the package', () => {
  it('holds the compiled program with its types, the pages and the examples, and nothing else', async () => {
    const list = await machine.mustRun('tar', ['-tzf', tarball])
    const files = list.trim().split('\n')
    for (const file of [
      'bin/simtally.js',
      'dist/cli/main.js',
      'dist/cli/worker-main.js',
      'dist/storage/sqlite/writer-thread.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/console/index.html',
      'dist/docs-viewer/swagger-ui-bundle.js.br',
      'docs/storage.md',
      'examples/first-steps.sh',
      'CHANGELOG.md',
      'LICENSE',
    ]) {
      assert.ok(files.includes(`package/${file}`), file)
    }
    const strays = files.filter((file) =>
      /^package\/(src|test|scripts|bench|console)\/|(?<!\.d)\.ts$/.test(file),
    )
    assert.deepEqual(strays, [])
  })

  it('names no file of TypeScript that it does not have', async () => {
    const code = await machine.run('grep', ['-rlE', `['"]\\.[^'"]*\\.ts['"]`, packagePath('dist')])
    assert.equal(code.stdout, '')
  })

  it(`takes less than ${INSTALLED_MEGABYTES_MAX} MB with all that it needs`, async () => {
    const [kilobytes] = (await machine.mustRun('du', ['-sk', packagePath()])).split('\t')
    assert.ok(Number(kilobytes) < INSTALLED_MEGABYTES_MAX * 1_024, `${kilobytes} kB`)
  })

  for (const node of [20, 22] as const) {
    it(`says in one line what to install where there is Node ${node}`, async () => {
      const { code, stdout, stderr } = await machine.run(simtally(), ['demo'], { node })
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(
        stderr,
        new RegExp(
          `^simtally: needs Node 24 or newer, this is v${node}[.\\d]+: install Node 26 and start simtally with it\n$`,
        ),
      )
    })
  }

  for (const node of [24, 26] as const) {
    it(`makes a store, imports and serves on Node ${node}`, async () => {
      const cwd = `node ${node}`
      await machine.makeFolder(cwd)
      const run = (...args: string[]) => machine.run(simtally(), args, { cwd, node })
      const demo = await run('demo', '--no-serve', '--sims', '3', '--days', '2')
      assert.equal(demo.code, 0, demo.stderr)
      assert.doesNotMatch(demo.stderr, /Warning/)
      assert.equal((await run('init')).code, 0)
      const [account] = JSON.parse(
        `[${(await run('account', 'create', '--name', 'Acme', '--json')).stdout}]`,
      )
      const sims = packagePath('examples', 'sims.csv')
      assert.equal((await run('sim', 'import', sims, '--account', account.sid)).code, 0)
      assert.equal((await run('feed', 'create', 'roamco', '--format', 'csv')).code, 0)
      const example = [packagePath('examples', 'usage.js')]
      const usage = await machine.mustRun(machine.nodeOf(node), example, { cwd })
      await machine.writeFile(`${cwd}/usage.csv`, usage)
      const imported = await run('import', 'usage.csv', '--feed', 'roamco', '--json')
      assert.equal(imported.code, 3)
      assert.match(imported.stdout, /"accepted":\d/)
      assert.equal((await run('audit')).code, 0)
      const options = { cwd, node, path: '/readyz' }
      const serve = ['serve', '--port', '0', '--json', '--workers', '2']
      assert.equal(await machine.askServer(simtally(), serve, options), '{"status":"ready"}')
      const console = await machine.askServer(simtally(), serve, { ...options, path: '/console/' })
      assert.match(console, /<script type="module"[^>]* src="\/console\/assets\//)
    })
  }

  it('is a part of a program of one’s own, which can have it below a path', async () => {
    const { dependencies, devDependencies } = JSON.parse(
      await readFile(join(ROOT, 'package.json'), 'utf8'),
    )
    const [fastify, types] = [dependencies.fastify, devDependencies['@types/node']]
    await machine.makeFolder('own')
    const simtallyJson = async (...args: string[]) =>
      JSON.parse(await machine.mustRun(simtally(), [...args, '--json'], { cwd: 'own', node: 24 }))
    const account = await simtallyJson('account', 'create', '--name', 'Acme')
    await simtallyJson('sim', 'import', packagePath('examples/sims.csv'), '--account', account.sid)
    await machine.writeFile('own/package.json', '{"type":"module"}')
    await machine.writeFile('own/own.js', exampleProgram(account))
    await machine.writeFile('own/typed.ts', TYPED)
    const others = [`fastify@${fastify}`, `@types/node@${types}`]
    await machine.mustRun('npm', ['install', tarball, ...others], { cwd: 'own' })
    for (const node of [24, 26] as const) {
      const printed = await machine.mustRun(machine.nodeOf(node), ['own.js'], { cwd: 'own' })
      assert.match(
        printed,
        /^200 \{"status":"ready"\}\n401 \{"code":20003,.*\n404 .*\n0\nDE\w+ truck-1$/m,
      )
      assert.match(printed, /^UsageError missing$/m)
    }
    assert.match(
      await machine.mustRun('npx', ['--offline', 'simtally', '--version'], {
        cwd: 'own',
        node: 24,
      }),
      /^\d+\.\d+\.\d+/,
    )
  })

  it('has types that a strict compiler accepts', async () => {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024']
    const types = ['--module', 'nodenext', '--types', 'node', 'typed.ts']
    const checked = await promisify(execFile)(process.execPath, [compiler, ...options, ...types], {
      cwd: machine.path('own'),
    }).catch((error: { stdout: string }) => error)
    assert.equal(checked.stdout, '')
  })
})
