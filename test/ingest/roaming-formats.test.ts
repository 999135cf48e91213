/**
 * TAP3 and NRTRDE keep the promises of every format, on files that a writer of their own made:
 * `one-session.tap`, and what it comes to in `one-session.expected.json`.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { FeedSettings } from '../../src/domain/directory.ts'
import { describeCdrFormat } from '../contract/cdr-format.ts'
import {
  fixtureFolder,
  ROAMING_FIXTURES,
  type RoamingFixture,
} from '../support/roaming-fixtures.ts'

const expectationOf = ({ file }: RoamingFixture) => `${file.split('.')[0]}.expected.json`

const badSettings: { settings: FeedSettings; field: string }[] = [
  { settings: { test_files: true }, field: 'test_files' },
  { settings: { count_mismatch: 'warn' }, field: 'count_mismatch' },
  { settings: { networks: ['ESPVV'] }, field: 'networks' },
  { settings: { networks: { espvv: { country: 'ES' } } }, field: 'networks.espvv' },
  { settings: { networks: { ESPVV: {} } }, field: 'networks.ESPVV' },
  { settings: { networks: { ESPVV: 'ES' } }, field: 'networks.ESPVV' },
  { settings: { networks: { ESPVV: { country: 'UK' } } }, field: 'networks.ESPVV.country' },
  { settings: { networks: { ESPVV: { plmn: 21401 } } }, field: 'networks.ESPVV.plmn' },
  { settings: { networks: { ESPVV: { mcc: '214' } } }, field: 'networks.ESPVV.mcc' },
  {
    settings: { networks: { ESPVV: { country: 'ES' }, FRAF1: { plmn: '1' } }, test_files: 'x' },
    field:
      'networks.FRAF1.plmn "1": expected MCC-MNC such as 310-260 (3 digits, then 2 or 3); test_files "x"',
  },
]

for (const format of ['tap3', 'nrtrde'] as const) {
  const fixtures = ROAMING_FIXTURES.filter((fixture) => fixture.format === format)
  const folder = fixtureFolder(format)
  const read = (name: string) => readFileSync(new URL(name, folder))

  describeCdrFormat({
    name: format,
    settings: {},
    samples: fixtures.map((fixture) => {
      const { settings = {}, ...expected } = JSON.parse(read(expectationOf(fixture)).toString())
      return { name: fixture.file, bytes: read(fixture.file), settings, expected }
    }),
    empty: 'refused',
    cutRecord: 'seen',
    badSettings:
      format === 'tap3'
        ? [...badSettings, { settings: { parts: 'by_number' }, field: 'parts' }]
        : [
            ...badSettings,
            { settings: { test_files: 'count' }, field: 'test_files' },
            { settings: { parts: 'by_content' }, field: 'parts' },
          ],
  })

  describe(`the example files of ${format}`, () => {
    it('are what their writer makes', () => {
      for (const { file, bytes } of fixtures) {
        assert.equal(read(file).toString('hex'), Buffer.from(bytes).toString('hex'), file)
      }
    })

    it('are all there, each with what it comes to, and nothing else is', () => {
      const files = fixtures.flatMap((fixture) => [fixture.file, expectationOf(fixture)])
      assert.deepEqual(readdirSync(folder).sort(), files.sort())
    })
  })
}

describe('the header of a TAP file', () => {
  it('has what the magic numbers of file(1) look for: TAP 3.12', () => {
    const folder = fixtureFolder('tap3')
    const hex = readFileSync(new URL('one-session.tap', folder)).toString('hex')
    assert.match(hex, /^6182[0-9a-f]{4}64(?:81)?[0-9a-f]{2}5f814405/)
    assert.ok(hex.includes('5f81490103' + '5f813d010c'))
  })
})
