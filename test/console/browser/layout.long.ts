/** Every page where there is little room: zoomed into, on a phone, and on paper. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { Page } from 'playwright-core'
import {
  CONSOLE_PAGES,
  type ConsoleInBrowser,
  describeInBrowser,
  openConsole,
} from '../../support/console-browser.ts'

/** What reaches beyond the window to the side, unless it lies in something that scrolls by itself. */
const OUTSIDE = `(() => {
  const width = document.documentElement.clientWidth
  const found = []
  if (document.documentElement.scrollWidth > width) {
    found.push('the page: ' + document.documentElement.scrollWidth)
  }
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('.scrolling, pre, .unseen, .skip, defs') !== null) continue
    if (!element.checkVisibility({ visibilityProperty: true })) continue
    const { left, right, width: own } = element.getBoundingClientRect()
    if (own > 0 && (left < -0.5 || right > width + 0.5)) {
      found.push(element.outerHTML.slice(0, 120) + ' ' + Math.round(left) + ' to ' + Math.round(right))
    }
  }
  return found
})()`

/** Whose text is cut off at their own border. */
const CUT = `[...document.querySelectorAll('main *')]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => element.closest('.unseen, svg, input, select') === null)
  .filter((element) => getComputedStyle(element).overflowX !== 'visible')
  .filter((element) => element.closest('.scrolling, pre') === null || IS_PRINT)
  .filter((element) => element.scrollWidth > element.clientWidth + 1
    || element.scrollHeight > element.clientHeight + 1)
  .map((element) => element.outerHTML.slice(0, 120))`

describeInBrowser('every page of the console', () => {
  let opened: ConsoleInBrowser
  before(async () => {
    opened = await openConsole({ sims: 40, days: 12 })
  })
  after(() => opened.close())

  const goTo = async (page: Page, path: string) => {
    await page.goto(opened.addressOf(path))
    await page.waitForLoadState('networkidle')
  }

  // A window of 1,280 by 900 pixels at 200 % and at 400 %.
  for (const zoom of [2, 4]) {
    it(`has all of its width in the window at ${zoom * 100} % zoom`, async () => {
      const viewport = { width: 1280 / zoom, height: 900 / zoom }
      const page = await opened.newPage({ viewport, deviceScaleFactor: zoom })
      await page.goto(`${opened.url}/console/`)
      await page.getByLabel('SID', { exact: true }).waitFor()
      assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], 'the form for signing in')
      await opened.signIn(page, opened.operator)
      for (const path of Object.values(CONSOLE_PAGES)) {
        await goTo(page, path)
        assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], path)
        const cut = await page.evaluate<string[]>(CUT.replace('IS_PRINT', 'false'))
        assert.deepEqual(cut, [], path)
      }
      await goTo(page, '?period=7d')
      // What is above the page goes away with it, so that there is room.
      await page.mouse.wheel(0, 600)
      await page.waitForFunction(
        'document.querySelector(".top").getBoundingClientRect().bottom < 0',
      )
      await page.locator('.range summary').click()
      assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], 'the choice of days')
      const wide = await page
        .locator('.range .popup')
        .evaluate((popup) => popup.scrollWidth - popup.clientWidth)
      assert.equal(wide, 0, 'the choice of days is within its border')
      await page.getByLabel('Menu').click()
      assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], 'the menu')
      await page.getByLabel('Find a SIM').fill('0')
      await page.locator('.found a').first().waitFor()
      assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], 'what is found')
      await page.getByLabel('Find a SIM').fill('')
      await page.getByRole('slider').focus()
      for (const steps of [1, 80, 80]) {
        for (let step = 0; step < steps; step++) await page.keyboard.press('ArrowRight')
        await page.locator('.readout').waitFor()
        assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], `what is said of a bar`)
      }
      await goTo(page, 'manage')
      await page.getByRole('button', { name: 'New account' }).click()
      await page.getByRole('dialog').waitFor()
      assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], 'a dialog')
      await page.context().close()
    })
  }

  it('has each name of a SIM in one line, and none that turns round what is beside it', async () => {
    const page = await opened.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(`${opened.url}/console/`)
    await opened.signIn(page, opened.operator)
    await goTo(page, 'sims/SIM')
    const lines = await page.evaluate<number[]>(`[...document.querySelectorAll('.facts dd')]
      .filter(({ textContent }) => /^(DE|89)/.test(textContent))
      .map(({ firstChild }) => {
        const range = document.createRange()
        range.selectNode(firstChild)
        return range.getClientRects().length
      })`)
    assert.deepEqual(lines, [1, 1], 'SID and ICCID')
    // It begins to write from right to left, and never ends that.
    await goTo(page, `?group=${encodeURIComponent('\u202Eabc')}`)
    const gap = await page.locator('.chips a').evaluate((chip) => {
      const range = chip.ownerDocument.createRange()
      range.selectNode(chip.lastChild!)
      const name = chip.querySelector('strong')!.getBoundingClientRect()
      return range.getBoundingClientRect().left - name.right
    })
    assert.ok(gap > -1, `the cross is ${-gap} pixels within the name`)
    await page.context().close()
  })

  it('is printed without what only a screen has, and nothing of it is cut off', async () => {
    const page = await opened.newPage({
      viewport: { width: 1280, height: 900 },
      colorScheme: 'dark',
    })
    await page.goto(`${opened.url}/console/`)
    await opened.signIn(page, opened.operator)
    for (const path of Object.values(CONSOLE_PAGES)) {
      await page.setViewportSize({ width: 1280, height: 900 })
      await goTo(page, path)
      // Drawn for the screen, and never drawn again for paper.
      const drawn = await page.locator('.chart svg').count()
      const screenWidth =
        drawn === 0 ? null : await page.locator('.chart svg').getAttribute('width')
      await page.emulateMedia({ media: 'print' })
      // An A4 page within its margins.
      await page.setViewportSize({ width: 700, height: 1000 })
      if (screenWidth !== null) {
        await page.locator('.chart svg').evaluate((svg, width) => {
          svg.setAttribute('width', width)
        }, screenWidth)
      }
      assert.deepEqual(await page.evaluate<string[]>(OUTSIDE), [], path)
      const cut = await page.evaluate<string[]>(CUT.replace('IS_PRINT', 'true'))
      assert.deepEqual(cut, [], path)
      for (const role of ['navigation', 'button', 'textbox', 'searchbox', 'combobox'] as const) {
        assert.equal(await page.getByRole(role).count(), 0, `${path}: ${role}`)
      }
      const printed = await page.locator('.printed').textContent()
      assert.match(printed!, /^Simtally · Simtally demo/, path)
      const colour = await page.evaluate<string>('getComputedStyle(document.body).color')
      assert.equal(colour, 'rgb(21, 32, 33)', 'dark on white')
      const pdf = await page.pdf({ format: 'A4' })
      assert.ok(pdf.subarray(0, 5).toString() === '%PDF-' && pdf.length > 5_000, path)
      await page.emulateMedia({ media: 'screen' })
    }
    await page.context().close()
  })
})
