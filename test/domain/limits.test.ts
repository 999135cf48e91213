/** The limits an operator can set: what their page says of them, and which values they take. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { SETTINGS_PAGE, settingsPage } from '../../scripts/generate-settings.ts'
import {
  LIMIT_NAMES,
  LIMITS_DEFAULT,
  limitDefinition,
  limitLabel,
  limitOfLabel,
  limitVariable,
  parseLimit,
} from '../../src/domain/limits.ts'

describe('limits', () => {
  it('stand on the page of settings as they are', () => {
    const page = readFileSync(SETTINGS_PAGE, 'utf8')
    assert.equal(page, settingsPage(page), 'run node scripts/generate-settings.ts')
  })

  it('have a default within their range, and are found by their name', () => {
    for (const name of LIMIT_NAMES) {
      const { min, max } = limitDefinition(name)
      const value = LIMITS_DEFAULT[name]
      assert.ok(value >= min && value <= max, name)
      assert.equal(parseLimit(name, name, String(value)), value)
      assert.equal(limitOfLabel(limitLabel(name)), name)
    }
    assert.equal(limitVariable('importsPerKey'), 'SIMTALLY_LIMIT_IMPORTS_PER_KEY')
    assert.equal(limitOfLabel('importsPerKey'), null)
  })

  it('take whole numbers within their range and nothing else', () => {
    for (const text of [
      '',
      '0',
      '19',
      '1001',
      '50.5',
      '-50',
      ' 50',
      '5e1',
      '0x50',
      '9'.repeat(400),
    ]) {
      assert.throws(() => parseLimit('--limit headers', 'headers', text), {
        code: 'invalid',
        message: /^--limit headers ".*": expected a whole number from 20 to 1000, in headers$/,
      })
    }
  })
})
