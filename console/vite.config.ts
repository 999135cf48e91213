/** How the console is built: `npm run build:console`, or `npm run dev` for a page that reloads. */
import { defineConfig } from 'vite'

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // The server fills in the path when it sends the page, because the path may have a prefix.
  base: command === 'build' ? './' : '/console/',
  // A policy of `'self'` allows neither `data:` nor anything inline.
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
}))
