/** What pages show of answers and messages has the shape that the program gives them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse as parseYaml } from 'yaml'
import { CliFixture } from '../cli/cli-fixture.ts'
import { blocksOf, pageNames, ROOT } from './pages.ts'

const { components } = JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8'))
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv, ['date-time', 'uri'])

describe('what pages show', () => {
  it('as JSON and YAML can be parsed', () => {
    const faults = pageNames()
      .flatMap(blocksOf)
      .flatMap(({ page, line, language, text }) => {
        try {
          if (language === 'json') JSON.parse(text)
          if (language === 'yaml') parseYaml(text)
          return []
        } catch (error) {
          return [`${page}:${line}: ${(error as Error).message}`]
        }
      })
    assert.deepEqual(faults, [])
  })

  it('of the HTTP API fits the schemas of its OpenAPI file', () => {
    const shown = blocksOf('docs/http-api.md').filter(({ language }) => language === 'json')
    const values = shown.map(({ text }) => JSON.parse(text))
    const names = [
      'SimUsageRecord',
      'UsageEvent',
      'ListMeta',
      'Gap',
      'Delivery',
      'DeliveryDryRun',
      'Error',
    ]
    assert.equal(shown.length, names.length, 'which schema has the new block?')
    for (const [i, name] of names.entries()) {
      const schema = { $ref: `#/components/schemas/${name}`, components }
      const value = name === 'ListMeta' ? values[i].meta : values[i]
      assert.ok(
        ajv.validate(schema, value),
        `docs/http-api.md:${shown[i]!.line}: no ${name}: ${ajv.errorsText()}`,
      )
      const { properties } = components.schemas[name]
      const unknown = Object.keys(value).filter((key) => !(key in properties))
      assert.deepEqual(unknown, [], `${name} has no such keys`)
    }
  })

  it('of the Super SIM API fits the schema of a usage record there', () => {
    const [shown] = blocksOf('docs/super-sim.md').filter(({ language }) => language === 'json')
    const value = JSON.parse(shown!.text)
    const schema = { $ref: '#/components/schemas/SuperSimUsageRecord', components }
    assert.ok(ajv.validate(schema, value), ajv.errorsText())
    const { properties } = components.schemas.SuperSimUsageRecord
    assert.deepEqual(Object.keys(value), Object.keys(properties))
  })

  it('of usage fits its schema', () => {
    const [shown] = blocksOf('docs/fleet-questions.md').filter(
      ({ language }) => language === 'json',
    )
    const { usage, meta, ...others } = JSON.parse(shown!.text)
    for (const [name, value] of [
      ['UsageMember', usage[0]],
      ['ListMeta', meta],
    ]) {
      const schema = { $ref: `#/components/schemas/${name}`, components }
      assert.ok(ajv.validate(schema, value), `no ${name}: ${ajv.errorsText()}`)
      assert.deepEqual(Object.keys(value), Object.keys(components.schemas[name].properties))
    }
    assert.deepEqual(others, {})
  })

  it('of a failing command is what it says', async (t) => {
    const cli = await open(t)
    const [shown] = blocksOf('docs/command-line.md').filter(({ language }) => language === 'json')
    const { stderr } = await cli.run(['feed', 'show', 'x', '--json'])
    assert.deepEqual(JSON.parse(stderr), JSON.parse(shown!.text))
  })

  it('of a mapping that breaks rules is what it says', async (t) => {
    const cli = await open(t)
    const shown = blocksOf('docs/formats/mapped.md')
    const faults = shown.find(({ text }) => text.startsWith('simtally: m.yaml'))!.text
    const mapping = shown.find(({ language }) => language === 'yaml')!.text
    const file = await cli.file(
      'm.yaml',
      mapping.replace(/unit: MiB/, 'unit: mb').replace(/, zone: [^ }]+/, ''),
    )
    const { stderr } = await cli.run(['feed', 'create', 'x', '--mapping', file])
    const lines = stderr.replaceAll(file, 'm.yaml').trimEnd().split('\n')
    for (const [i, line] of faults.trimEnd().split('\n').entries()) {
      assert.ok(lines[i]?.startsWith(line.replace(/…$/, '')), `${lines[i]}\nis not\n${line}`)
    }
  })
})

async function open(t: TestContext): Promise<CliFixture> {
  const cli = await CliFixture.open('sqlite')
  t.after(() => cli.close())
  return cli
}
