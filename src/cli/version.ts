/** The version of the program: that of its package, which lies as far above the compiled file as above this. */
import { readFileSync } from 'node:fs'

export const { version: VERSION }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
