/** How the console is built: `npm run build:console`, or `npm run dev` for a page that reloads. */
import { defineConfig } from 'vite'

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  // The server names the path where it sends the page, which may lie below a prefix.
  base: command === 'build' ? './' : '/console/',
  // A policy of `'self'` knows no `data:` and nothing inline.
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
}))
