/** `simtally serve --tls-cert --tls-key`. */
import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Certificate, getOverTls, makeCertificate } from '../support/certificate.ts'
import { share } from '../support/volume.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'
import { CliProcess, LAUNCHER } from './cli-process.ts'

let cli: CliFixture
let first: Certificate
let second: Certificate
const started: CliProcess[] = []
before(async () => {
  cli = await CliFixture.open()
  first = await makeCertificate(cli.path('first'))
  second = await makeCertificate(cli.path('second'))
})
after(async () => {
  await Promise.all(started.map((one) => one.end()))
  await cli.close()
})

async function logged(path: string, text: string): Promise<number> {
  const written = await readFile(path, 'utf8')
  // The last line may still be on its way into the file.
  const lines = jsonLines<{ msg: string }>(written.slice(0, written.lastIndexOf('\n') + 1))
  return lines.filter(({ msg }) => msg.startsWith(text)).length
}

describe('serve --tls-cert --tls-key', () => {
  for (const workers of [1, 2].slice(0, share(1, 2))) {
    it(`answers HTTPS with ${workers} workers, and takes a new certificate at SIGHUP`, async () => {
      const [certFile, keyFile] = [cli.path('server.crt'), cli.path('server.key')]
      await copyFile(first.certFile, certFile)
      await copyFile(first.keyFile, keyFile)
      const log = cli.path(`serve-${workers}.log`)
      const serving = new CliProcess(cli, process.execPath, [
        ...[LAUNCHER, 'serve', '--port', '0', '--json', '--workers', String(workers)],
        ...['--tls-cert', certFile, '--tls-key', keyFile, '--log-file', log],
      ])
      started.push(serving)
      await serving.said('"url"')
      const { protocol, port: text } = new URL(JSON.parse(serving.stdout).url)
      const port = Number(text)
      assert.equal(protocol, 'https:')
      assert.match(await getOverTls(port, '/healthz', first), /"up"/)

      await copyFile(second.certFile, certFile)
      serving.child.kill('SIGHUP')
      const kept = 'SIGHUP: the server keeps its current certificate'
      while ((await logged(log, kept)) < workers) await setImmediate()
      assert.match(await getOverTls(port, '/healthz', first), /"up"/)

      await copyFile(second.keyFile, keyFile)
      serving.child.kill('SIGHUP')
      const renewed = 'SIGHUP: the certificate is reloaded'
      while ((await logged(log, renewed)) < workers) await setImmediate()
      assert.match(await getOverTls(port, '/healthz', second), /"up"/)
      await assert.rejects(getOverTls(port, '/healthz', first), /self-signed|unable to verify/)

      serving.child.kill('SIGTERM')
      assert.equal((await serving.ended()).code, 0)
    })
  }

  it('says what is missing or does not belong together, before it listens', async () => {
    await writeFile(cli.path('none.pem'), 'nothing')
    const attempts: [flags: string[], exitCode: number, message: RegExp][] = [
      [['--tls-cert', first.certFile], 2, /--tls-cert needs --tls-key/],
      [['--tls-key', first.keyFile], 2, /--tls-key needs --tls-cert/],
      [['--tls-cert', 'gone.pem', '--tls-key', first.keyFile], 1, /--tls-cert "gone.pem" .*ENOENT/],
      [
        ['--tls-cert', first.certFile, '--tls-key', second.keyFile],
        2,
        /not a certificate and its key/,
      ],
      [['--tls-cert', cli.path('none.pem'), '--tls-key', first.keyFile], 2, /\n {2}both are PEM/],
    ]
    for (const [flags, exitCode, message] of attempts) {
      for (const workers of ['1', '2']) {
        const ended = await cli.run(['serve', '--port', '0', '--workers', workers, ...flags])
        assert.equal(ended.exitCode, exitCode, ended.stderr)
        assert.equal(ended.stdout, '')
        assert.match(ended.stderr, message)
      }
    }
  })
})
