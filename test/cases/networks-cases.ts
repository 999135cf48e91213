/** Networks and times as carriers' own tables state them, read by a mapping of one's own. */
import { homeSet } from '../support/builders.ts'
import type { Case, CaseGroup, CaseSim, FeedSetUp } from './cases.ts'
import { zip } from './zip.ts'

const BELGIUM = { home: homeSet('206-01', 'BE') }
const COLUMNS = 'generated;started;stopped;party;location;imsi;volume;iccid;session'

type Row = readonly [location: string, volume: number | string]
const table = ({ iccid, imsi }: CaseSim, ...rows: readonly Row[]) =>
  [
    COLUMNS,
    ...rows.map(([location, volume], i) => {
      const [at, stop] = [`2026-03-14 10:0${i}:00`, `2026-03-14 10:0${i}:30`]
      return `${at};${at};${stop};15550000077;${location};${imsi};${volume};${iccid};s-${i}`
    }),
  ].join('\r\n')

function feed(network: object | undefined, more: object = {}): { feed: FeedSetUp } {
  const fields = {
    record_id: 'session',
    sim: 'iccid',
    occurred_at: { from: 'stopped', format: 'YYYY-MM-DD HH:mm:ss', zone: 'UTC' },
    download: { from: 'volume', unit: 'bytes' },
    ...(network !== undefined && { network }),
    ...more,
  }
  const mapping = { source: { format: 'csv', delimiter: ';' }, fields }
  return { feed: { format: 'mapped', settings: { mapping } } }
}
const padded = (digits: number | object) => feed({ from: 'location', mnc_digits: digits })

const padding: readonly Case[] = [
  {
    name: 'all by a zero, in a ZIP',
    ...BELGIUM,
    ...padded({ 206: 2, otherwise: 3 }),
    content: (sim) => zip(['CDR_20260314.txt', table(sim, ['206001', 4_096])]),
    used: ['home BE 0/4096/0/0'],
  },
  {
    name: 'by a zero beside some that have three digits of their own',
    ...padded({ 206: 2, 310: 3 }),
    content: (sim) => table(sim, ['206001', 1], ['310260', 20], ['310410', 300]),
    used: ['home US 0/20/0/0', 'national_roaming US 0/300/0/0', 'international_roaming BE 0/1/0/0'],
  },
  {
    name: 'in no record of a carrier that writes both forms',
    ...BELGIUM,
    ...padded({ 206: 2 }),
    content: (sim) => table(sim, ['20601', 1], ['206-01', 20], ['206001', 300]),
    used: ['home BE 0/321/0/0'],
  },
  {
    name: 'not at all, and so another network, without the setting',
    ...BELGIUM,
    ...feed({ from: 'location' }),
    content: (sim) => table(sim, ['206001', 1], ['20601', 20]),
    used: ['home BE 0/20/0/0', 'national_roaming BE 0/1/0/0'],
  },
  {
    name: 'which a spreadsheet has taken away again',
    ...BELGIUM,
    ...feed(undefined, { plmn: { mcc: 'party', mnc: 'location', mnc_digits: 2 } }),
    content: ({ iccid }) =>
      `${COLUMNS}\n;;2026-03-14 10:00:30;206;1;;5;${iccid};s-0\n;;2026-03-14 10:01:30;206;01;;7;${iccid};s-1\n`,
    used: ['home BE 0/12/0/0'],
  },
  {
    name: 'where it is one: other MNCs of three digits stay, and short ones are filled',
    ...padded({ 206: 2, 310: 3 }),
    home: homeSet('206-101 310-026', 'BE US'),
    content: (sim) => table(sim, ['206101', 1], ['31026', 20], ['310260', 300]),
    used: ['home BE 0/1/0/0', 'home US 0/20/0/0', 'national_roaming US 0/300/0/0'],
  },
]

const OPERATORS = feed({
  from: 'location',
  values: {
    'Proximus Mobile': '206-01',
    'Telcel (MX)': '334-020',
    'Orange F': 'FR',
    ESPVV: '214-01',
  },
})
const names: readonly Case[] = [
  {
    name: 'as a name, as a TADIG code and as a PLMN',
    ...OPERATORS,
    content: (sim) =>
      table(sim, ['Telcel (MX)', 1], ['MEXTL', 20], ['334020', 300], ['334-020', 4_000]),
    used: ['international_roaming MX 0/4321/0/0'],
  },
  {
    name: 'as a TADIG code that is listed, with its PLMN',
    ...OPERATORS,
    home: homeSet('214-01', 'ES'),
    content: (sim) => table(sim, ['ESPVV', 1], ['ESPRT', 20]),
    used: ['home ES 0/1/0/0', 'national_roaming ES 0/20/0/0'],
  },
  {
    name: 'as a name that is a country’s',
    ...OPERATORS,
    content: (sim) => table(sim, ['Orange F', 5]),
    used: ['international_roaming FR 0/5/0/0'],
  },
  {
    name: 'as a name that nobody listed, which waits',
    ...OPERATORS,
    content: (sim) =>
      table(sim, ['Telcel', 1], ['telcel (mx)', 20], ['XXXXX', 300], ['Orange F', 4_000]),
    used: ['international_roaming FR 0/4000/0/0'],
    waits: ['2 invalid_field', '3 invalid_field', '4 invalid_field'],
    says: /location/,
  },
  {
    name: 'not at all, which waits by another reason',
    ...OPERATORS,
    content: (sim) => table(sim, ['', 1], ['Orange F', 4_000]),
    used: ['international_roaming FR 0/4000/0/0'],
    waits: ['2 unknown_network'],
  },
  {
    name: 'as a country’s code or its name, in one column',
    ...feed(undefined, {
      country: { from: 'location', as: ['code', 'name', 'tadig'] },
    }),
    content: (sim) => table(sim, ['MX', 1], ['MEX', 20], ['Mexico', 300], ['MEXTL', 4_000]),
    used: ['international_roaming MX 0/4321/0/0'],
  },
]

/** The last record of a day and the first of the next one, in New York's and in UTC's. */
const zoned = (zone: object | string) =>
  feed(
    { from: 'location' },
    { occurred_at: { from: 'started', format: 'YYYY-MM-DD HH:mm:ss', zone } },
  )
const local = (
  { iccid }: CaseSim,
  ...rows: readonly [at: string, zone: string, volume: number][]
) =>
  [
    COLUMNS,
    ...rows.map(([at, zone, volume]) => `${zone};${at};;;310260;;${volume};${iccid};one`),
  ].join('\n')
const zones: readonly Case[] = [
  {
    name: 'by abbreviations that the mapping explains',
    ...zoned({ from: 'generated', values: { CET: '+01:00', CEST: '+02:00' } }),
    content: (sim) =>
      local(sim, ['2026-03-14 10:00:00', 'CET', 1], ['2026-03-14 11:00:00', 'CEST', 1]),
    // Both are one record of one instant.
    used: ['home US 0/1/0/0'],
  },
  {
    name: 'by offsets and names',
    ...zoned({ from: 'generated' }),
    content: (sim) =>
      local(
        sim,
        ['2026-03-14 10:00:00', '+05:45', 1],
        ['2026-03-14 04:15:00', 'UTC', 1],
        ['2026-03-13 23:15:00', 'America/Chicago', 1],
      ),
    used: ['home US 0/1/0/0'],
  },
  {
    name: 'by one that nobody knows, which waits',
    ...zoned({ from: 'generated' }),
    content: (sim) =>
      local(sim, ['2026-03-14 10:00:00', 'XYZ', 1], ['2026-03-14 10:00:00', 'UTC', 20]),
    used: ['home US 0/20/0/0'],
    waits: ['2 invalid_field'],
    says: /XYZ/,
  },
  {
    name: 'by nothing, which is not UTC',
    ...zoned({ from: 'generated' }),
    content: (sim) => local(sim, ['2026-03-14 10:00:00', '', 1]),
    used: [],
    waits: ['2 invalid_field'],
    says: /occurred_at/,
  },
  {
    name: 'by abbreviations that nobody explains, each of which has several meanings',
    ...zoned({ from: 'generated', values: { CET: '+01:00' } }),
    content: (sim) =>
      local(
        sim,
        ['2026-03-14 10:00:00', 'BST', 1],
        ['2026-03-14 10:00:00', 'IST', 1],
        ['2026-03-14 10:00:00', 'CET', 20],
      ),
    used: ['home US 0/20/0/0'],
    waits: ['2 invalid_field', '3 invalid_field'],
    says: /"[BI]ST".*abbreviations have several meanings/,
  },
  {
    name: 'in the hour that there is twice',
    ...zoned({ from: 'generated' }),
    content: (sim) =>
      local(sim, ['2025-10-26 02:30:00', '+02:00', 1], ['2025-10-26 02:30:00', '+01:00', 20]),
    used: ['home US 0/21/0/0'],
  },
]

export const NETWORK_CASES: readonly CaseGroup[] = [
  { title: 'a carrier that pads MNCs does so', feed: { format: 'mapped' }, cases: padding },
  { title: 'a column names the network', feed: { format: 'mapped' }, cases: names },
  { title: 'a column states the time zone', feed: { format: 'mapped' }, cases: zones },
]
