/**
 * The program's version, read from its package, which lies equally far above this file and its compiled form.
 */
import { readFileSync } from 'node:fs'

export const { version: VERSION }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
