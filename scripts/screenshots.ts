/**
 * `npm run screenshots`: every page of the console at 360, 1280 and 2560 pixels, light and dark, into
 * `screenshots/`. Makes its own demo, and needs Chromium.
 */
import { mkdirSync } from 'node:fs'
import { CONSOLE_PAGES, openConsole } from '../test/support/console-browser.ts'

const OUT = 'screenshots'
const WIDTHS = [360, 1280, 2560]
const SCHEMES = ['light', 'dark'] as const
const [only] = process.argv.slice(2)
mkdirSync(OUT, { recursive: true })
const opened = await openConsole({ sims: 250, days: 90 })
try {
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      const viewport = { width, height: width < 500 ? 800 : 1000 }
      const page = await opened.newPage({ viewport, colorScheme })
      await page.goto(`${opened.url}/console/`)
      await page.getByRole('heading', { name: 'Simtally' }).waitFor()
      await page.screenshot({ path: `${OUT}/sign-in-${width}-${colorScheme}.png` })
      await opened.signIn(page, opened.operator)
      for (const [name, path] of Object.entries(CONSOLE_PAGES)) {
        if (only !== undefined && !name.includes(only)) continue
        await page.goto(opened.addressOf(path))
        await page.waitForLoadState('networkidle')
        await page.screenshot({
          path: `${OUT}/${name}-${width}-${colorScheme}.png`,
          fullPage: true,
        })
      }
      await page.context().close()
    }
  }
} finally {
  await opened.close()
}
