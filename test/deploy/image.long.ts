/** The image of `deploy/Dockerfile`, built and run without a container engine. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { ROOT } from '../cli/cli-process.ts'
import { type Image, ImageBuild, run, runBeside, startContainer } from './image-build.ts'

let build: ImageBuild
let image: Image
let volume: string
before(async () => {
  volume = await mkdtemp(join(tmpdir(), 'simtally-volume-'))
  build = await ImageBuild.open()
  image = await build.build(ROOT, 'deploy/Dockerfile')
  const [uid, gid] = image.user.split(':').map(Number)
  await chown(volume, uid!, gid!)
})
after(async () => {
  await build?.close()
  await rm(volume, { recursive: true, force: true })
})

async function runToEnd(words: readonly string[]) {
  const container = startContainer(image, words, volume)
  let output = ''
  for (const stream of [container.stdout, container.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(container, 'close')
  return { code, output }
}

describe('the image', () => {
  it('runs as a user without rights, on the Node that the checkout pins', async () => {
    assert.match(image.user, /^[1-9]\d*:[1-9]\d*$/)
    const major = process.versions.node.split('.')[0]
    for (const base of image.bases) assert.match(base, new RegExp(`^node:${major}-`))
    const { output } = await runToEnd(['sh', '-c', 'id -u; touch /opt/simtally/x /tmp/x /data/x'])
    assert.match(output, /^10001$/m)
    assert.match(output, /\/opt\/simtally\/x.*Read-only/)
    assert.match(output, /\/tmp\/x.*Read-only/)
    assert.doesNotMatch(output, /\/data\/x/)
  })

  it('holds no development packages, tests or sources', async () => {
    const files = await readdir(join(image.root, 'opt/simtally'))
    assert.deepEqual(files.filter((name) => !name.startsWith('.')).sort(), [
      'bin',
      'dist',
      'docs',
      'node_modules',
      'package-lock.json',
      'package.json',
    ])
    const { stdout } = await run('du', ['-sm', join(image.root, 'opt/simtally')])
    assert.ok(Number(stdout.split('\t')[0]) < 60, stdout)
  })

  it('makes a store, serves it, is healthy meanwhile, copies it, and stops at the signal', async () => {
    const made = await runToEnd([...image.entrypoint, 'migrate'])
    assert.equal(made.code, 0, made.output)
    const words = [...image.entrypoint, ...image.command, '--workers', '2']
    const container = startContainer(image, words, volume)
    try {
      const lines = createInterface(container.stdout)[Symbol.asyncIterator]()
      assert.match((await lines.next()).value ?? '', /answers at http:\/\/127\.0\.0\.1:8080$/)
      assert.equal(await runBeside(container.pid!, image, image.healthcheck), 0)
      assert.equal(await runBeside(container.pid!, image, ['simtally-backup', '/data']), 0)
    } finally {
      container.kill('SIGTERM')
    }
    const [code] = await once(container, 'exit')
    assert.equal(code, 0)
    assert.equal((await readdir(volume)).filter((name) => name.startsWith('hour-')).length, 1)
    assert.equal((await runToEnd(image.healthcheck)).code, 1)
  })
})
