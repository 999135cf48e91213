/** Files that spreadsheets, archives and web servers make of usage records: read, or named with the remedy. */
import { gzipSync } from 'node:zlib'
import { atHome, type Case, type CaseGroup, type FeedSetUp } from './cases.ts'
import { zip } from './zip.ts'

const CSV: FeedSetUp = { format: 'csv' }
/** The same columns, of which it counts kilobytes. */
const MAPPED_SHEET: FeedSetUp = {
  format: 'mapped',
  settings: {
    mapping: {
      source: { format: 'csv' },
      fields: {
        record_id: 'record_id',
        sim: 'sim',
        occurred_at: { from: 'occurred_at' },
        plmn: 'plmn',
        download: { from: 'download', unit: 'kB' },
      },
    },
  },
}

const COLUMNS = ['record_id', 'sim', 'occurred_at', 'plmn', 'upload', 'download']
const table = (sim: string, delimiter: string, ...rows: readonly [up: number, down: number][]) =>
  [
    COLUMNS,
    ...rows.map(([up, down], i) => [`q-${i}`, sim, '2026-03-14T10:00:00Z', '310-260', up, down]),
  ]
    .map((cells) => `${cells.join(delimiter)}\n`)
    .join('')
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

const separators: readonly Case[] = [
  {
    name: 'sep=; in front of semicolons',
    content: ({ iccid }) => `sep=;\n${table(iccid, ';', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'SEP=| behind a byte order mark, with Windows line ends',
    content: ({ iccid }) =>
      `\ufeffSEP=|\n${table(iccid, '|', [30, 40], [1, 2])}`.replaceAll('\n', '\r\n'),
    used: atHome(31, 42),
  },
  {
    name: 'sep= and a tab, in UTF-16',
    content: ({ iccid }) => utf16(`sep=\t\r\n${table(iccid, '\t', [30, 40])}`),
    used: atHome(30, 40),
  },
  {
    name: 'sep=, which changes nothing, and an empty line',
    content: ({ iccid }) => `sep=,\n\n${table(iccid, ',', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'sep=; in quotes, as a program writes that quotes every cell',
    content: ({ iccid }) => `"sep=;"\n${table(iccid, ';', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'sep=; and the empty cells that a spreadsheet puts behind it',
    content: ({ iccid }) => `sep=;;;;;;\n${table(iccid, ';', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'sep=; and a space behind it',
    content: ({ iccid }) => `sep=; \n${table(iccid, ';', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'sep=; in front of commas, which are what separates',
    content: ({ iccid }) => `sep=;\n${table(iccid, ',', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'sep=^ in a mapping that expects commas',
    feed: MAPPED_SHEET,
    content: ({ iccid }) => `sep=^\n${table(iccid, '^', [30, 40])}`,
    used: atHome(0, 40_000),
  },
  {
    name: 'sep=; in front of a table without the columns: it fails',
    content: () => 'sep=;\nDatum;Karte;MB\n14.03.2026;89;5\n',
    used: [],
    waits: ['failed'],
    says: /no column record_id, sim, occurred_at/,
  },
]

const packed: readonly Case[] = [
  {
    name: 'a ZIP of one text file, whatever it is called',
    content: ({ iccid }) => zip(['USAGE_20260314.TXT', table(iccid, ',', [500, 600])]),
    used: atHome(500, 600),
  },
  {
    name: 'the ZIP, and then the file that was in it',
    content: ({ iccid }) => {
      const text = table(iccid, ',', [500, 600])
      return [zip(['usage.csv', text]), text, gzipSync(text)]
    },
    used: atHome(500, 600),
  },
  {
    name: 'a ZIP with what macOS puts beside files',
    content: ({ iccid }) =>
      zip(
        ['usage/', ''],
        ['usage/.DS_Store', 'Bud1'],
        ['usage/usage.csv', table(iccid, ',', [500, 600])],
        ['__MACOSX/usage/._usage.csv', 'Mac OS X'],
        ['usage/._usage.csv', 'Mac OS X'],
      ),
    used: atHome(500, 600),
  },
  {
    name: 'a ZIP with what Windows puts beside files',
    content: ({ iccid }) =>
      zip(
        ['Thumbs.db', 'x'],
        ['desktop.ini', '[.ShellClassInfo]'],
        ['usage.csv', table(iccid, ',', [500, 600])],
      ),
    used: atHome(500, 600),
  },
  {
    name: 'a ZIP of two files: nothing of it counts',
    content: ({ iccid }) =>
      zip(['1.csv', table(iccid, ',', [500, 600])], ['2.csv', table(iccid, ',', [1, 1])]),
    used: [],
    waits: ['failed'],
    says: /more than one file \("1\.csv", "2\.csv"\); unpack it/,
  },
  {
    name: 'a ZIP of a UTF-16 table with semicolons',
    content: ({ iccid }) => zip(['Mappe1.csv', utf16(table(iccid, ';', [500, 600]))]),
    used: atHome(500, 600),
  },
  {
    name: 'a ZIP within a ZIP: it fails, and says so',
    content: ({ iccid }) => zip(['inner.zip', zip(['usage.csv', table(iccid, ',', [5, 6])])]),
    used: [],
    waits: ['failed'],
    says: /packed twice/,
  },
  {
    name: 'a ZIP that was cut while it was sent, and then whole',
    content: ({ iccid }) => {
      const whole = zip(['usage.csv', table(iccid, ',', [500, 600])])
      return [whole.subarray(0, whole.length - 30), whole]
    },
    used: atHome(500, 600),
    waits: ['failed'],
    says: /cut off/,
  },
]

/** With one file in it, as the beginning shows. */
const tar = Buffer.alloc(2_048)
tar.write('usage.csv')
tar.write('ustar', 257)
tar.write(table('8901260000000000014', ',', [1, 2]), 512)

const failing = (name: string, content: string | Uint8Array, says: RegExp): Case => ({
  name,
  content: () => content,
  used: [],
  waits: ['failed'],
  says,
})
const foreign: readonly Case[] = [
  failing(
    'an Excel workbook',
    zip(['[Content_Types].xml', '<Types/>'], ['xl/workbook.xml', '<workbook/>']),
    /Excel workbook.*save it as CSV/,
  ),
  failing('a PDF', '%PDF-1.4\n1 0 obj\n', /PDF document/),
  failing(
    'the page of a login that has ended',
    '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n',
    /a web page.*fetch it again/,
  ),
  failing('the answer of a proxy', '<html>\r\n<head><title>502 Bad Gateway</title>', /a web page/),
  failing(
    'an error in JSON',
    '{"error":"token expired","code":401}\n',
    /no column.*it looks like JSON.*ndjson/,
  ),
  failing('XML', '<?xml version="1.0"?><usage/>', /it looks like XML/),
  failing('an empty file', '', /empty/),
  failing('a file of blank lines', '\r\n \n\n', /empty/),
  failing('a byte order mark alone', '\ufeff', /empty/),
  failing('an encrypted file', '-----BEGIN PGP MESSAGE-----\n\nhQEM', /encrypted/),
  failing('a tar archive', tar, /a tar archive.*unpack it/),
  failing('a packed tar archive', gzipSync(tar), /a tar archive/),
  failing(
    'lines that end in CR alone, as old Macs wrote them',
    table('8901260000000000014', ',', [1, 2], [3, 4]).replaceAll('\n', '\r'),
    /its lines end in CR alone; save it with the line ends of/,
  ),
]

const residue: readonly Case[] = [
  {
    name: 'UTF-16 without its mark, the low byte first',
    content: ({ iccid }) => utf16(table(iccid, ';', [30, 40])).subarray(2),
    used: atHome(30, 40),
  },
  {
    name: 'UTF-16 without its mark, the high byte first',
    content: ({ iccid }) =>
      utf16(table(iccid, '\t', [30, 40]))
        .subarray(2)
        .swap16(),
    used: atHome(30, 40),
  },
  {
    name: 'two byte order marks, of two files that were joined',
    content: ({ iccid }) => `\ufeff\ufeff${table(iccid, ',', [30, 40])}`,
    used: atHome(30, 40),
  },
  {
    name: 'rows of nothing, where a spreadsheet once had something',
    content: ({ iccid }) => `${table(iccid, ';', [30, 40])};;;;;\r\n; ; ; ; ;\r\n"";;;;;""\r\n`,
    used: atHome(30, 40),
  },
  {
    name: 'the character by which DOS ends files',
    content: ({ iccid }) => `${table(iccid, ',', [30, 40])}\x1a`,
    used: atHome(30, 40),
  },
  {
    name: 'line ends that were translated twice',
    content: ({ iccid }) => table(iccid, ',', [30, 40], [1, 2]).replaceAll('\n', '\r\r\n'),
    used: atHome(31, 42),
  },
  {
    name: 'a separator behind the last column, in every row',
    content: ({ iccid }) => table(iccid, ',', [30, 40]).replaceAll('\n', ',\n'),
    used: atHome(30, 40),
    warns: [/columns that Simtally does not know were ignored: ""/],
  },
  {
    name: 'a row of sums at its end, which waits',
    content: ({ iccid }) => `${table(iccid, ',', [30, 40])}Total,,,,30,40\n`,
    used: atHome(30, 40),
    waits: ['3 invalid_field'],
  },
]

const spoiled: readonly Case[] = [
  {
    name: 'an ICCID as a power of ten, which waits with its cause',
    content: () => table('8.90126E+18', ',', [1, 2]),
    used: [],
    waits: ['2 unknown_sim'],
    says: /spreadsheet has shortened/,
  },
  {
    name: 'an ICCID as a power of ten with a decimal comma',
    content: () => table('8,90126E+18', ';', [1, 2]),
    used: [],
    waits: ['2 unknown_sim'],
    says: /spreadsheet has shortened/,
  },
  {
    name: 'an ICCID that was rounded to fifteen digits',
    content: () => table('8901260000012350000', ',', [1, 2]),
    used: [],
    waits: ['2 unknown_sim'],
    says: /as a spreadsheet rounds/,
  },
  {
    name: 'an IMSI as a power of ten',
    content: () => table('3.1026E+14', ',', [1, 2]),
    used: [],
    waits: ['2 unknown_sim'],
    says: /spreadsheet has shortened/,
  },
  {
    name: 'an IMSI that a program took for a decimal number',
    content: () => table('310260000000001.0', ',', [1, 2]),
    used: [],
    waits: ['2 unknown_sim'],
    says: /taken it for a decimal number/,
  },
  {
    name: 'bytes as a power of ten, of which the last six digits are lost',
    content: ({ iccid }) =>
      table(iccid, ';', [1.23457e11, 7]).replace('123457000000', '1,23457E+11'),
    used: [],
    waits: ['2 invalid_field'],
    says: /upload "1,23457E\+11": a spreadsheet has shortened/,
  },
  {
    name: 'bytes as a power of ten in a sheet that is mapped',
    feed: MAPPED_SHEET,
    content: ({ iccid }) => table(iccid, ',', [0, 5], [0, 6]).replace(',6\n', ',1.23457E+11\n'),
    used: atHome(0, 5_000),
    waits: ['3 invalid_field'],
    says: /download "1\.23457E\+11" in "download": a spreadsheet has shortened/,
  },
  {
    name: 'small fractions as a power of ten, which lose nothing',
    feed: MAPPED_SHEET,
    content: ({ iccid }) => table(iccid, ',', [0, 6]).replace(',6\n', ',5E-03\n'),
    used: atHome(0, 5),
  },
  {
    name: 'ids of records as powers of ten, which are no ids any more',
    content: ({ iccid }) => table(iccid, ',', [1, 2], [1, 2]).replaceAll(/q-\d/g, '9.00001E+17'),
    used: [],
    waits: ['2 invalid_field', '3 invalid_field'],
    says: /record_id "9\.00001E\+17": a spreadsheet has shortened/,
  },
  {
    name: 'ids that are hexadecimal, and only look like powers of ten',
    content: ({ iccid }) =>
      table(iccid, ',', [1, 2], [10, 20]).replace('q-0', '1E5').replace('q-1', '7e12'),
    used: atHome(11, 22),
  },
  {
    name: 'an ICCID behind the apostrophe that keeps it a text',
    content: ({ iccid }) => table(`'${iccid}`, ',', [1, 2]),
    used: atHome(1, 2),
  },
  {
    name: 'an ICCID in the formula that keeps it a text',
    content: ({ iccid }) => table(`"=""${iccid}"""`, ',', [1, 2]),
    used: atHome(1, 2),
  },
  {
    name: 'an ICCID with a space that does not break',
    content: ({ iccid }) => table(`${iccid}\u00a0`, ',', [1, 2]),
    used: atHome(1, 2),
  },
]

/** The same columns, of which it counts bytes and Commands; some programs write thousands in groups. */
const COUNTING = (decimal: object): FeedSetUp => ({
  format: 'mapped',
  settings: {
    mapping: {
      source: { format: 'csv', delimiter: ';', ...decimal },
      fields: {
        record_id: 'record_id',
        sim: 'sim',
        occurred_at: { from: 'occurred_at' },
        plmn: 'plmn',
        download: { from: 'download', unit: 'bytes' },
        to_sim: 'upload',
      },
    },
  },
})
const points = (iccid: string, ...rows: readonly [string, string][]) =>
  table(iccid, ';', ...(rows as unknown as [number, number][]))
const grouped: readonly Case[] = [
  {
    name: 'where nothing says what a point is: what may be either waits',
    feed: COUNTING({}),
    content: ({ iccid }) => points(iccid, ['2.048', '7'], ['3', '2.048'], ['4.0', '1024.000']),
    used: atHome(0, 1_024, 4),
    waits: ['2 invalid_field', '3 invalid_field'],
    says: /"2\.048" in .*either a fraction or has grouped thousands; decimal in the source/,
  },
  {
    name: 'where points group',
    feed: COUNTING({ decimal: ',', thousands: '.' }),
    content: ({ iccid }) => points(iccid, ['2.048', '1.002.048'], ['1', '0,6']),
    used: atHome(0, 1_002_049, 2_049),
  },
  {
    name: 'where a point is in front of a fraction',
    feed: COUNTING({ decimal: '.' }),
    content: ({ iccid }) => points(iccid, ['2.000', '512.000'], ['1', '2.048']),
    used: atHome(0, 514, 3),
  },
]

export const FILE_CASES: readonly CaseGroup[] = [
  { title: 'a line that says what separates columns:', feed: CSV, cases: separators },
  { title: 'what is packed is read as what is in it:', feed: CSV, cases: packed },
  { title: 'what is no table is named, with the remedy:', feed: CSV, cases: foreign },
  { title: 'what programs leave in tables counts for nothing:', feed: CSV, cases: residue },
  { title: 'numbers as spreadsheets leave them:', feed: CSV, cases: spoiled },
  { title: 'thousands that may be in groups,', feed: CSV, cases: grouped },
]
