/** Self-signed certificates for test servers on 127.0.0.1. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

/** Writes `<path>.crt` and `<path>.key`, overwriting existing ones. */
export async function makeCertificate(path: string): Promise<Certificate> {
  const [certFile, keyFile] = [`${path}.crt`, `${path}.key`]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:usage.example.com',
  ]
  const files = ['-keyout', keyFile, '-out', certFile]
  await promisify(execFile)('openssl', ['req', '-x509', '-days', '2', ...key, ...names, ...files])
  const read = (file: string) => readFile(file, 'utf8')
  return { certFile, keyFile, cert: await read(certFile), key: await read(keyFile) }
}

/** A connection over TLS; rejects for any certificate but this one. */
export async function connectTls(
  port: number,
  { cert }: Pick<Certificate, 'cert'>,
): Promise<TLSSocket> {
  const agreed = Promise.withResolvers<void>()
  const socket = connect({ host: '127.0.0.1', port, ca: cert }, agreed.resolve)
  socket.on('error', agreed.reject)
  await agreed.promise
  return socket
}

/** The answer to a GET on a separate connection, its head and its body. */
export async function getOverTls(
  port: number,
  path: string,
  { cert, headers = [] }: Pick<Certificate, 'cert'> & { readonly headers?: readonly string[] },
): Promise<string> {
  const socket = await connectTls(port, { cert })
  const head = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Connection: close', ...headers]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}
