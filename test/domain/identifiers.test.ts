/** The names a SIM, an account or a key goes by: what is accepted, and in which form it is kept. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  isSid,
  luhnDigit,
  maskIdentifier,
  parseIccid,
  parseImsi,
  parseMsisdn,
  parseSid,
  simIdentities,
} from '../../src/domain/identifiers.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { checkDigit, iccidOf, imsiOf, sidOf } from '../support/builders.ts'

function refusal(work: () => unknown): UsageError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof UsageError)
    return error
  }
  throw new assert.AssertionError({ message: 'expected a refusal' })
}

describe('parseSid', () => {
  const sid = 'DE0123456789abcdefABCDEF0123456789'

  it('accepts two letters and 32 hexadecimal digits of either case', () => {
    assert.equal(parseSid('sim', sid, 'DE'), sid)
    assert.equal(parseSid('sim', ` ${sid} `, 'HS', 'DE'), sid)
  })

  const refused = [
    ['another prefix', 'AC0123456789abcdef0123456789abcdef'],
    ['31 digits', sid.slice(0, -1)],
    ['33 digits', `${sid}0`],
    ['a letter that is no digit', sid.replace('f', 'g')],
    ['a small prefix', sid.replace('DE', 'de')],
    ['nothing', ''],
  ] as const
  for (const [what, text] of refused) {
    it(`refuses ${what}, naming field and value`, () => {
      const error = refusal(() => parseSid('SimSid', text, 'DE', 'HS'))
      assert.equal(error.code, 'invalid')
      assert.equal(error.field, 'SimSid')
      assert.equal(error.value, text)
      assert.match(error.message, /^SimSid ".*": expected DE or HS/)
    })
  }

  it('tells a SID from other texts', () => {
    assert.equal(isSid(sid, 'DE'), true)
    assert.equal(isSid(sid, 'AC', 'SK'), false)
    assert.equal(isSid(`${sid}\n`, 'DE'), false)
  })
})

describe('parseIccid', () => {
  const kept = [
    ['19 digits', '8901260712345678901', '8901260712345678901'],
    ['20 digits', '89012607123456789012', '89012607123456789012'],
    ['18 digits', '890126071234567890', '890126071234567890'],
    ['printed groups', ' 8901 2607 1234 5678 901 ', '8901260712345678901'],
    ['hyphens', '8901-260-712345678901', '8901260712345678901'],
    ['a filler at the end', '8901260712345678901F', '8901260712345678901'],
    ['a small filler', '8901260712345678901f', '8901260712345678901'],
    ['two fillers after 18 digits', '890126071234567890FF', '890126071234567890'],
    ['hexadecimal digits', '898600B5192271000012', '898600B5192271000012'],
    ['small hexadecimal digits', '898604b7192271000013', '898604B7192271000013'],
    [
      'zeros of which the last is the right check digit',
      '8901260000000140000',
      '8901260000000140000',
    ],
    ['zeros at the end of 18 digits', '890126000000000000', '890126000000000000'],
  ] as const
  for (const [what, text, expected] of kept) {
    it(`accepts ${what}`, () => assert.equal(parseIccid(text), expected))
  }

  const refused = [
    '',
    '89',
    '89012607123456789',
    '890126071234567890123',
    '7901260712345678901',
    '890126071234567890X',
    '8901260712345678901FF',
    '310260000000001',
  ]
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const error = refusal(() => parseIccid(text, 'Iccid'))
      assert.deepEqual([error.code, error.field, error.value], ['invalid', 'Iccid', text])
    })
  }

  it('says what a spreadsheet has done to a number, and what to do', () => {
    const shortened = ['8.90126E+18', '8,90126E+18', '8.90126e18']
    for (const text of shortened) {
      assert.match(
        refusal(() => parseIccid(text)).message,
        /shortened this number.*export it as text/,
      )
    }
    const rounded = ['8901260000000010000', '89012600000001400000', '8901260000000010000F']
    for (const text of rounded) {
      assert.match(
        refusal(() => parseIccid(text)).message,
        /check digit is wrong and it ends in zeros/,
      )
    }
    for (const text of ['8901260000000000014.0', '8901260000000000014,00', '310260000000001,0']) {
      assert.match(refusal(() => parseIccid(text)).message, /taken it for a decimal number/)
    }
    for (const text of ['8,901,260,000,000,000,014', '8.901.260.000.000.000.014']) {
      assert.match(refusal(() => parseIccid(text)).message, /digits are grouped/)
    }
    assert.match(refusal(() => parseImsi("310'260'000'000'001")).message, /digits are grouped/)
    assert.match(refusal(() => parseImsi('3.1026E+14')).message, /shortened this number/)
    assert.match(refusal(() => parseMsisdn('1.555E+10')).message, /shortened this number/)
  })

  it('does not see characters that nobody sees', () => {
    for (const text of [
      '8901260000000000014\u200b',
      '\ufeff8901260000000000014',
      '8901\u20602600\u200c00000000014',
    ]) {
      assert.equal(parseIccid(text), '8901260000000000014')
      assert.deepEqual(simIdentities(text)[0], { kind: 'iccid', value: '8901260000000000014' })
    }
    assert.equal(parseMsisdn('\u200b+15550100001'), '15550100001')
    assert.deepEqual(simIdentities('pump\u200b7'), [{ kind: 'unique_name', value: 'pump\u200b7' }])
  })

  it('does not verify the check digit', () => {
    const right = iccidOf(7)
    const wrong = right.slice(0, -1) + ((Number(right.at(-1)) + 1) % 10)
    assert.equal(parseIccid(wrong), wrong)
  })
})

describe('parseImsi', () => {
  it('keeps leading zeros', () => assert.equal(parseImsi('001010000000001'), '001010000000001'))
  it('takes spaces out', () => assert.equal(parseImsi(' 310 260 000000001'), '310260000000001'))

  for (const text of ['', '12345', '1234567890123456', '31026000000000A', '-31026000000001']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const error = refusal(() => parseImsi(text))
      assert.deepEqual([error.code, error.field, error.value], ['invalid', 'imsi', text])
    })
  }
})

describe('parseMsisdn', () => {
  for (const text of ['+15550001234', '15550001234', '+1 (555) 000-1234', ' 1555 000 1234 ']) {
    it(`keeps ${JSON.stringify(text)} without its plus sign`, () => {
      assert.equal(parseMsisdn(text), '15550001234')
    })
  }

  for (const text of ['', '+', '1234', '++15550001234', '1234567890123456', '1555OOO1234']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const error = refusal(() => parseMsisdn(text, 'Msisdn'))
      assert.deepEqual([error.code, error.field, error.value], ['invalid', 'Msisdn', text])
    })
  }
})

describe('simIdentities', () => {
  /** The kinds and values a name can mean, best first, as `kind:value`. */
  const meanings = (text: string) =>
    simIdentities(text).map(({ kind, value }) => `${kind}:${value}`)

  it('takes a SID for nothing else', () => {
    const sid = sidOf('DE', 255)
    assert.deepEqual(meanings(` ${sid} `), [`sid:${sid}`])
    assert.deepEqual(meanings(sidOf('HS', 1)), [`sid:${sidOf('HS', 1)}`])
  })

  it('tries an ICCID as it is, with a check digit added, and with it taken away', () => {
    const iccid = iccidOf(42)
    assert.deepEqual(meanings(iccid).slice(0, 3), [
      `iccid:${iccid}`,
      `iccid:${iccid}${checkDigit(iccid)}`,
      `iccid:${iccid.slice(0, -1)}`,
    ])
  })

  it('adds no check digit to hexadecimal digits, and finds them in any case', () => {
    const expected = ['iccid:898600B5192271000012']
    for (const text of ['898600B5192271000012', '898600b5192271000012']) {
      const found = meanings(text).filter((meaning) => meaning.startsWith('iccid:'))
      assert.deepEqual(found, expected)
    }
  })

  it('takes away a last digit only where it is the check digit', () => {
    const iccid = iccidOf(42)
    const other = iccid.slice(0, -1) + ((Number(iccid.at(-1)) + 1) % 10)
    assert.ok(!meanings(other).includes(`iccid:${iccid.slice(0, -1)}`))
  })

  it('tries 15 digits as an IMSI, then as a phone number, and never as a name', () => {
    assert.deepEqual(meanings('310260000000001'), [
      'imsi:310260000000001',
      'msisdn:310260000000001',
    ])
  })

  it('takes a plus sign for a phone number', () => {
    assert.deepEqual(meanings('+15550001234'), ['msisdn:15550001234'])
  })

  it('takes what has no other form for a unique name, and for nothing else', () => {
    assert.deepEqual(meanings(' truck 7 '), ['unique_name:truck 7'])
    fc.assert(
      fc.property(fc.string(), (text) => {
        const kinds = new Set(simIdentities(text).map(({ kind }) => kind))
        assert.ok(kinds.size > 0 && (!kinds.has('unique_name') || kinds.size === 1))
      }),
    )
  })

  it('means only what the kinds allow', () => {
    const imsi = imsiOf(7)
    assert.deepEqual(simIdentities(imsi, ['msisdn']), [{ kind: 'msisdn', value: imsi }])
    assert.deepEqual(simIdentities(imsi, ['sid', 'unique_name']), [])
    assert.deepEqual(simIdentities('truck', ['sid', 'iccid', 'imsi', 'msisdn']), [])
  })
})

describe('luhnDigit', () => {
  it('completes the number of a payment card', () => assert.equal(luhnDigit('7992739871'), '3'))
  it('is 0 where the sum is whole', () => assert.equal(luhnDigit('0'), '0'))

  it('agrees with a second implementation', () => {
    const digits = fc.stringMatching(/^\d{1,20}$/)
    fc.assert(fc.property(digits, (text) => assert.equal(luhnDigit(text), checkDigit(text))))
  })
})

describe('maskIdentifier', () => {
  it('shows the first 6 and the last 2 characters', () => {
    assert.equal(maskIdentifier('8901260712345678901'), '890126…01')
  })

  it('shows less of a short one', () => assert.equal(maskIdentifier('1555123456'), '15…'))

  it('never shows all of it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{5,20}$/), (text) => {
        assert.ok(maskIdentifier(text).replace('…', '').length < text.length)
      }),
    )
  })
})
