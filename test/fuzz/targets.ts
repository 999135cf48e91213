/** What every format is fuzzed with: its example files, and a grammar that makes up others. */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import type { FeedFormat, FeedSettings } from '../../src/domain/directory.ts'
import { deliveriesOf, MAPPED_FOLDERS } from '../ingest/mapped/deliveries.ts'
import { ascii, type BerNode, encode, integer, octets, seq } from '../support/ber-writer.ts'
import { nrtrdeEvent, nrtrdeFile } from '../support/nrtrde-writer.ts'
import { call, gprsCall, otherEvent, transferBatch } from '../support/tap3-writer.ts'

export interface FuzzSample {
  readonly bytes: Uint8Array
  readonly settings: FeedSettings
}

export interface FuzzTarget {
  readonly samples: readonly FuzzSample[]
  /** Deliveries that are right in form, mostly, and wild in content. */
  readonly made: fc.Arbitrary<Uint8Array>
}

/** The files of a folder that have an expectation beside them, and the settings it names. */
function examplesIn(folder: string, ending = ''): FuzzSample[] {
  const url = new URL(`../fixtures/${folder}/`, import.meta.url)
  const names = readdirSync(url).filter((name) => !name.endsWith('.expected.json'))
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => {
      const expectation = new URL(`${name.split('.')[0]}.expected.json`, url)
      const { settings = {} } = JSON.parse(readFileSync(expectation, 'utf8'))
      return { bytes: readFileSync(new URL(name, url)), settings }
    })
}

/** Words of a text format in any order, with noise between them. */
function textOf(begin: string, words: readonly string[]): fc.Arbitrary<Uint8Array> {
  const noise = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.bigInt().map(String))
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: noise },
  )
  return fc
    .array(word, { maxLength: 300, size: 'max' })
    .map((parts) => Buffer.from(begin + parts.join('')))
}

const CSV_WORDS = [
  ...['\n', '\r\n', ',', ',,', '"', '""', '\t', ';', '\0', 'é', '\ufeff'],
  ...[
    'r1',
    '310260000000001',
    '2026-03-01T10:00:00Z',
    '2026-02-30',
    '310-260',
    'MX',
    'home',
    '0',
    '-1',
  ],
  'r1,310260000000001,2026-03-01T10:00:00Z,310-260,1,2\n',
]
const JSON_WORDS = [
  ...[
    '\n',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    'null',
    'true',
    '1e999',
    '9007199254740993',
    '[['.repeat(99),
  ],
  ...['"record_id"', '"sim"', '"occurred_at"', '"upload"', '"__proto__"', '"2026-03-01"'],
  '{"record_id":"r1","sim":"310260000000001","occurred_at":"2026-03-01","upload":1}\n',
]
const MAPPED_WORDS = [
  ...JSON_WORDS,
  ...[
    '<r>',
    '</r>',
    '<s>',
    '</s>',
    '<s id="1"/>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?xml',
    '?>',
  ],
  ...['&lt;', '&#32;', '&x;', '<!DOCTYPE r [', '<!ENTITY x "y">', ']>', '<id>', '</id>', '<x>'],
  ...[';', '|', '\t', '1.024,5', '"data"', '"records"', '"usage_records"', '{"data":[', ']}'],
  '<s><id>a</id><sim>310260000000001</sim><at>2026-03-01T10:00:00Z</at><up>1</up></s>',
  '{"id":"a","sim":"310260000000001","at":"2026-03-01T10:00:00Z","up":1.5}',
]
const RADIUS_WORDS = [
  ...[
    '\n',
    '\n\n',
    '\t',
    ' = ',
    '"',
    '\\',
    'x\n',
    'Sun Mar  1 10:00:00 2026\n',
    '[',
    '{',
    '}',
    ',',
  ],
  ...[
    '\tAcct-Status-Type = Interim-Update\n',
    '\tAcct-Status-Type = Stop\n',
    '\tAcct-Session-Id = "a"\n',
  ],
  ...['\t3GPP-IMSI = "310260000000001"\n', '\tAcct-Input-Octets = 4294967295\n'],
  ...['\tAcct-Input-Gigawords = 4294967295\n', '\tEvent-Timestamp = "Mar  1 2026 10:00:00 UTC"\n'],
  '{"Acct-Status-Type":"Stop","Acct-Session-Id":"a","3GPP-IMSI":"1","Event-Timestamp":1,"Acct-Output-Octets":1}\n',
]

const digits = (max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: max })
const texts = fc.oneof(
  digits(16),
  fc.constantFrom('ESPVV', 'USACG', ''),
  fc.string({ unit: 'binary-ascii', maxLength: 9 }),
)
const starts = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('20260301100000', '20240229235959', '00010101000000') },
  { weight: 1, arbitrary: digits(15) },
)
const integers = fc.oneof(fc.nat(), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }))
const imsis = fc.constantFrom('310260000000001', '31026000000000', '3102600000000ab1')
const styles = fc.record({
  indefinite: fc.boolean(),
  lengthPadding: fc.integer({ min: 0, max: 5 }),
})

const { node: anyNode } = fc.letrec<{ node: BerNode }>((tie) => {
  // Mostly the tags that mean something, in places where they do not.
  const tag = fc.oneof(
    fc.integer({ min: 1, max: 460 }),
    fc.constantFrom(16, 44, 129, 250, 2 ** 21 - 1),
  )
  const leaf = fc
    .tuple(tag, fc.uint8Array({ maxLength: 24 }))
    .map(([number, content]) => octets(number, content))
  const inner = fc
    .tuple(tag, fc.array(tie('node'), { maxLength: 4 }))
    .map(([number, children]) => seq(number, ...children))
  return { node: fc.oneof({ maxDepth: 40, withCrossShrink: true }, leaf, inner) }
})

/** What is `undefined` is left out of the event. */
const defined = <T extends object>(stated: T) =>
  Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

const tapEvents: fc.Arbitrary<BerNode> = fc.oneof(
  fc
    .record({
      imsi: fc.option(imsis, { nil: undefined }),
      msisdn: fc.option(imsis, { nil: undefined }),
      start: starts,
      offsetCode: fc.integer({ min: -1, max: 4 }),
      incoming: fc.option(integers, { nil: undefined }),
      outgoing: fc.option(integers, { nil: undefined }),
      chargingId: fc.option(integers, { nil: undefined }),
      partial: fc.option(texts, { nil: undefined }),
      apn: texts,
      servingNetwork: fc.option(texts, { nil: undefined }),
      more: fc.array(anyNode, { maxLength: 2 }),
    })
    .map((stated) => gprsCall(defined(stated))),
  fc
    .record({
      direction: fc.constantFrom('mo' as const, 'mt' as const),
      imsi: imsis,
      start: starts,
      offsetCode: fc.integer({ min: 0, max: 3 }),
      teleservice: fc.constantFrom('11', '21', '22', 'ff'),
      callReference: fc.constantFrom('', '0000', 'ab'),
      oldRelease: fc.boolean(),
    })
    .map(call),
  fc.integer({ min: 1, max: 500 }).map(otherEvent),
  anyNode,
)

const tapFiles = fc
  .record({
    events: fc.array(tapEvents, { maxLength: 8 }),
    offsets: fc.array(
      fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom('+0100', '-0930', '+9999', '')),
      { maxLength: 4 },
    ),
    moreParts: fc.array(anyNode, { maxLength: 2 }),
    sequence: texts,
    release: fc.integer({ min: 1, max: 12 }),
    withoutAudit: fc.boolean(),
  })
  .chain((file) => styles.map((style) => transferBatch(file, style)))

const nrtrdeEvents = fc.oneof(
  fc
    .record({
      kind: fc.constantFrom('gprs' as const, 'moc' as const, 'mtc' as const),
      imsi: fc.option(imsis, { nil: undefined }),
      start: starts,
      offset: fc.constantFrom('+0100', '-0930', 'UTC', ''),
      incoming: fc.option(fc.integer(), { nil: undefined }),
      outgoing: fc.option(fc.nat(), { nil: undefined }),
      chargingId: fc.option(fc.nat(), { nil: undefined }),
      teleservice: fc.constantFrom('11', '21', '22'),
      servingNetwork: texts,
      more: fc.array(anyNode, { maxLength: 2 }),
    })
    .map((stated) => nrtrdeEvent(defined(stated))),
  anyNode,
)
const nrtrdeFiles = fc
  .record({
    events: fc.array(nrtrdeEvents, { maxLength: 8 }),
    more: fc.array(anyNode, { maxLength: 2 }),
  })
  .chain((file) => styles.map((style) => nrtrdeFile(file, style)))

const wildBatches = fc
  .array(anyNode, { maxLength: 6 })
  .chain((nodes) =>
    styles.map((style) =>
      encode(
        seq(1, seq(4, ascii(196, 'ESPVV'), integer(201, 3), integer(189, 12)), ...nodes),
        style,
      ),
    ),
  )

/** A new format is not fuzzed until it has a line here, and then it does not compile. */
export const FUZZ_TARGETS: Readonly<Record<FeedFormat, () => FuzzTarget>> = {
  csv: () => ({
    samples: examplesIn('canonical', '.csv'),
    made: textOf('record_id,sim,occurred_at,plmn,upload,download\n', CSV_WORDS),
  }),
  ndjson: () => ({ samples: examplesIn('canonical', '.ndjson'), made: textOf('', JSON_WORDS) }),
  mapped: () => ({
    samples: MAPPED_FOLDERS.flatMap(deliveriesOf),
    // Made once: an arbitrary that is built for each text takes a thousand times as long.
    made: fc.oneof(
      ...['', '[', '{"data":{"records":[', '<r>'].map((begin) => textOf(begin, MAPPED_WORDS)),
    ),
  }),
  radius: () => ({ samples: examplesIn('radius'), made: textOf('', RADIUS_WORDS) }),
  tap3: () => ({ samples: examplesIn('tap3'), made: fc.oneof(tapFiles, wildBatches) }),
  nrtrde: () => ({ samples: examplesIn('nrtrde'), made: nrtrdeFiles }),
}
