/** Texts for the parsers that are no format, and what each of them has to make of any. */
import fc from 'fast-check'
import { escapedText } from '../../src/cli/escaped-text.ts'
import { WrongUsage } from '../../src/cli/failure.ts'
import { readMapping } from '../../src/cli/feed-settings.ts'
import { parseSequencePattern, sequenceOfName } from '../../src/domain/sequence-pattern.ts'
import { parseInstant } from '../../src/domain/time.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { addressKey } from '../../src/http/client-address.ts'
import { mappingFaults } from '../../src/ingest/mapped/mapping-check.ts'
import { rawText } from '../../src/ingest/raw-text.ts'
import { readSimList } from '../../src/ingest/sim-list.ts'

const WORDS = [
  ...[
    '(?<sequence>',
    '(?<stream>',
    ')',
    '\\d+',
    '(',
    '(?:',
    '+',
    '*',
    '{1,255}',
    '{1000}',
    '?',
    '|',
    'x',
  ],
  ...[
    '[',
    ']',
    '^',
    '$',
    '.',
    '\\1',
    '(?=',
    '(?i)',
    '\\p{L}',
    '1',
    '111111',
    '_',
    '-',
    ':',
    '::',
    '%eth0',
  ],
  ...[
    '2026-03-01',
    'T00:00:00',
    'Z',
    '+14:00',
    '.999999999',
    'iccid',
    ',',
    '\n',
    'imsi',
    ';',
    '"',
    '\t',
  ],
  ...[
    '8901260000000000001',
    '310260000000001',
    'fields:\n',
    '  sim: ',
    '  - ',
    'records: ',
    '&a ',
    '*a',
  ],
  ...[
    'format: csv\n',
    '!!js ',
    '{',
    '}',
    '\\x41',
    '\\',
    '\u001b[31m',
    '\u0000',
    '\u00e9',
    '\ud83d\ude00',
  ],
]

/** Words in any order, at times one of them very often. */
export const PARSER_TEXTS: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.constantFrom(...WORDS), { maxLength: 60, size: 'max' })
      .map((words) => words.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 500 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...WORDS), fc.nat(20_000))
      .map(([word, length]) => word.repeat(Math.ceil(length / word.length))),
  },
)

/** Each parser answers, or says by a `UsageError` why not. */
export async function checkText(text: string): Promise<void> {
  const bytes = Buffer.from(text)
  parseInstant(text)
  addressKey(text)
  rawText(bytes)
  escapedText(bytes)
  orUsageError(() => {
    const pattern = parseSequencePattern('pattern', text)
    sequenceOfName(pattern, '1'.repeat(255))
    sequenceOfName(pattern, `${'usage_'.repeat(20)}42.csv`)
  })
  orUsageError(() => mappingFaults(readMapping('mapping.yaml', text)))
  await readSimList(
    (async function* () {
      yield bytes
    })(),
  ).catch(allowUsageError)
}

function orUsageError(work: () => void): void {
  try {
    work()
  } catch (error) {
    allowUsageError(error)
  }
}

function allowUsageError(error: unknown): void {
  if (!(error instanceof UsageError || error instanceof WrongUsage)) throw error
}
