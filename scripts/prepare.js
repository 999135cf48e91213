// The last step of `npm ci`: builds the console if the development packages are there. Without them, nothing
// is built, and `/console` says so. Plain JavaScript, for a Node that does not run TypeScript.
import { existsSync } from 'node:fs'

const isThere = (path) => existsSync(new URL(path, import.meta.url))

if (isThere('../node_modules/vite') && isThere('../console/index.html')) {
  const { buildConsole } = await import('./build-console.ts')
  await buildConsole()
}
