/**
 * RADIUS accounting keeps the promises of every format. Each example file has beside it what it
 * comes to, with the feed's settings where it needs some.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describeCdrFormat, type FormatSample } from '../contract/cdr-format.ts'

const FOLDER = new URL('../fixtures/radius/', import.meta.url)

const samples = readdirSync(FOLDER)
  .filter((name) => !name.endsWith('.expected.json'))
  .sort()
  .map((name): FormatSample => {
    const expectation = new URL(`${name.split('.')[0]}.expected.json`, FOLDER)
    const { settings = {}, ...expected } = JSON.parse(readFileSync(expectation, 'utf8'))
    return { name, bytes: readFileSync(new URL(name, FOLDER)), expected, settings }
  })

describeCdrFormat({
  name: 'radius',
  settings: {},
  samples,
  empty: 'no records',
  cutRecord: 'seen',
  badSettings: [
    { settings: { sim: '3GPP-IMSI' }, field: 'sim' },
    { settings: { sim: [] }, field: 'sim' },
    { settings: { sim: Array(9).fill('Class') }, field: 'sim' },
    { settings: { sim: ['3GPP-IMSI', 'a b'] }, field: 'sim[1]' },
    { settings: { series: [null] }, field: 'series[0]' },
    { settings: { series: ['Class', '3gpp-imsi'] }, field: 'series[1]' },
    { settings: { gigawords: 'no' }, field: 'gigawords' },
    { settings: { zones: ['CET'] }, field: 'zones' },
    { settings: { zones: null }, field: 'zones' },
    { settings: { zones: { CET: '+1' } }, field: 'zones.CET' },
    { settings: { zones: { CET: '+15:00' } }, field: 'zones.CET' },
    { settings: { zones: { 'Europe/Berlin': '+01:00' } }, field: 'zones.Europe/Berlin' },
    { settings: { date_line: 'UTC' }, field: 'date_line' },
    { settings: { time: 'newest' }, field: 'time' },
    { settings: { input: 'up' }, field: 'input' },
  ],
})
