/** Every ready mapping keeps the promises of every format, and reads its example deliveries. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { MAPPED_FORMAT } from '../../../src/ingest/formats/mapped.ts'
import { checkMapping } from '../../../src/ingest/mapped/mapping-check.ts'
import { mappingOf, READY_MAPPINGS } from '../../../src/ingest/mappings/mappings.ts'
import { describeCdrFormat } from '../../contract/cdr-format.ts'
import { deliveriesOf, type MappedDelivery } from './deliveries.ts'

const formatOf = ({ settings }: MappedDelivery) => mappingOf(settings).source.format

for (const { name, settings } of READY_MAPPINGS) {
  const samples = deliveriesOf(name)
  const stated = samples[0]!.settings
  const required = Object.entries(settings).filter(([, { otherwise }]) => otherwise === 'required')
  describe(`the ready mapping ${name}`, () => {
    describeCdrFormat({
      name: 'mapped',
      settings: stated,
      samples,
      empty: formatOf(samples[0]!) === 'ndjson' ? 'no records' : 'refused',
      // A line that was cut may look like a shorter one.
      cutRecord: samples.some((sample) => ['csv', 'ndjson'].includes(formatOf(sample)))
        ? 'may look whole'
        : 'seen',
      page: `${name}.md`,
      badSettings: [
        ...required.map(([setting]) => {
          const { [setting]: _, ...others } = stated
          return { settings: others, field: `${setting}: it is required` }
        }),
        ...Object.keys(settings).map((setting) => ({
          settings: { ...stated, [setting]: 'perhaps' },
          field: `${setting} "perhaps": expected`,
        })),
      ],
    })
  })
}

/** The last keys of all references of a mapping, as pages name them. */
function fieldsRead(mapping: unknown): string[] {
  if (typeof mapping !== 'object' || mapping === null) return []
  return Object.entries(mapping).flatMap(([key, value]) => {
    const references = ['from', 'first_of', 'content', 'mcc', 'mnc', 'field'].includes(key)
    if (references) return [value].flat().map((reference) => String(reference).split('.').at(-1)!)
    return fieldsRead(value)
  })
}

describe('a ready mapping', () => {
  for (const { name, settings } of READY_MAPPINGS) {
    it(`says in its page where each of its fields comes from, and what is unknown: ${name}`, () => {
      const page = new URL(`../../../docs/formats/${name}.md`, import.meta.url)
      const [, sources = ''] = readFileSync(page, 'utf8').split('\n## Sources\n')
      assert.match(sources, /\| field +\| source document +\| looked at/)
      assert.match(sources, /\nUnknown:\n\n- /)
      const choices = Object.entries(settings).flatMap(([setting, of]) =>
        Object.keys(of.choices ?? {}).map((value) => ({ [setting]: value })),
      )
      for (const choice of [{}, ...choices]) {
        const mapping = mappingOf({ ...deliveriesOf(name)[0]!.settings, ...choice })
        const { occurred_at: time, record_id: id, sim } = mapping.fields
        const plain = [id, sim].filter((value) => typeof value === 'string')
        for (const field of [...fieldsRead(mapping), ...fieldsRead({ time }), ...plain]) {
          const key = field.replace(/^.*\./, '')
          if (key !== '@key') assert.ok(sources.includes(key), key)
        }
      }
    })
  }

  it('has examples of all its settings that are choices', () => {
    for (const { name, settings, build } of READY_MAPPINGS) {
      for (const [setting, { choices }] of Object.entries(settings)) {
        for (const value of Object.keys(choices ?? {})) {
          const stated = { ...deliveriesOf(name)[0]!.settings, [setting]: value }
          checkMapping(mappingOf(stated))
          assert.equal(typeof build, 'function')
        }
      }
    }
  })

  it('is refused with all that is missing at once, and with what each setting means', () => {
    assert.throws(
      () => MAPPED_FORMAT.checkSettings({ mapping: 'emnify', mb: 'MB' }),
      (error: Error) => {
        assert.match(error.message, /^mb: the mapping emnify has no such setting; /)
        assert.match(
          error.message,
          /megabyte: it is required: how many bytes .* by MB: MB \(1,000,000 bytes\)/,
        )
        assert.match(error.message, /rx: it is required: what rx means in data records/)
        return true
      },
    )
  })

  it('is not there under another name', () => {
    for (const mapping of ['emnifi', '', undefined]) {
      const settings = mapping === undefined ? {} : { mapping }
      assert.throws(() => MAPPED_FORMAT.checkSettings(settings), {
        code: 'invalid',
        hint: /the ready ones are supersim, emnify, 1nce/,
      })
    }
  })
})
