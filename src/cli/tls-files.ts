/** Reads the certificate and key with which `serve` answers HTTPS. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, Server as TlsServer } from 'node:tls'
import { shown, UsageError } from '../domain/usage-error.ts'
import type { TlsIdentity } from '../http/server.ts'
import type { Log } from './log.ts'

/** The paths of two PEM files. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** Throws `unreadable` for a file that cannot be read, and `invalid` for two that do not belong together. */
export function readTlsFiles({ certFile, keyFile }: TlsFiles): TlsIdentity {
  const identity = { cert: read('--tls-cert', certFile), key: read('--tls-key', keyFile) }
  try {
    createSecureContext(identity)
    return identity
  } catch (cause) {
    const { message } = cause as Error
    throw new UsageError(
      'invalid',
      `--tls-cert ${shown(certFile)} and --tls-key ${shown(keyFile)} are not a certificate and its key (${message})`,
      { hint: 'both are PEM; the certificate of the server comes first in its file', cause },
    )
  }
}

/**
 * Makes a server use the current certificate files for new connections. If they are unusable, logs that and
 * keeps the old certificate.
 */
export function renewTls(server: unknown, files: TlsFiles, log: Log): void {
  if (!(server instanceof TlsServer)) return
  try {
    const identity = readTlsFiles(files)
    server.setSecureContext(identity)
    const { validTo, subject } = new X509Certificate(identity.cert)
    log.info({ validTo, subject }, 'SIGHUP: the certificate is reloaded')
  } catch (error) {
    log.error(error, 'SIGHUP: the server keeps its current certificate')
  }
}

function read(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UsageError('unreadable', `${flag} ${shown(path)} cannot be read (${code})`, { cause })
  }
}
