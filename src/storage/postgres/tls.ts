/** What `sslmode` means. The words and their meanings are those of PostgreSQL's own programs. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { shown } from '../../domain/usage-error.ts'

/**
 * `require` encrypts and accepts any certificate; `verify-ca` wants one signed by `sslrootcert`;
 * `verify-full` also wants the host's name in it. libpq's other modes (`allow`, `prefer`) let anybody in
 * between turn encryption off, which is no better than `disable`.
 */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

/** Paths. Files are read again for each connection, so that certificates may be renewed meanwhile. */
export interface SslFiles {
  readonly rootCertificate: string | null
  readonly certificate: string | null
  readonly key: string | null
}

/** The mode, or the rule it breaks. */
export function parseSslMode(
  text: string,
  { rootCertificate, certificate, key }: SslFiles,
): SslMode | { readonly rule: string } {
  const mode = SSL_MODES.find((name) => name === text)
  if (mode === undefined) {
    return { rule: `sslmode ${shown(text)}: expected ${SSL_MODES.join(', ')}` }
  }
  if (mode === 'verify-ca' && rootCertificate === null) {
    return { rule: 'sslmode "verify-ca": needs sslrootcert, the certificate to verify by' }
  }
  if ((certificate === null) !== (key === null)) {
    return { rule: 'sslcert and sslkey belong together' }
  }
  // As in libpq: giving a root certificate means that it should count.
  return mode === 'require' && rootCertificate !== null ? 'verify-ca' : mode
}

/** In the form that `pg` takes. */
export function tlsOptions(mode: SslMode, files: SslFiles): ConnectionOptions | false {
  if (mode === 'disable') return false
  const { rootCertificate, certificate, key } = files
  return {
    rejectUnauthorized: mode !== 'require',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(rootCertificate === null ? {} : { ca: readFileSync(rootCertificate) }),
    ...(certificate === null ? {} : { cert: readFileSync(certificate) }),
    ...(key === null ? {} : { key: readFileSync(key) }),
  }
}
