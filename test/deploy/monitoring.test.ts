/** The alerts and the dashboard of `deploy/`, against the metrics that they name. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { NOW } from '../support/builders.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly labels: { readonly severity: string }
      readonly annotations: { readonly summary: string; readonly action: string }
    }[]
  }[]
}

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
}

const alerts = parse(readFileSync(join(DEPLOY, 'prometheus-alerts.yml'), 'utf8')) as Alerts
const rules = alerts.groups.flatMap((group) => group.rules)
const { panels } = JSON.parse(
  readFileSync(join(DEPLOY, 'grafana-dashboard.json'), 'utf8'),
) as Dashboard

let fixture: HttpFixture
/** Each metric with the labels of its samples. */
const labelsOf = new Map<string, Set<string>>()
before(async () => {
  fixture = await HttpFixture.open()
  const sim = await fixture.addSim()
  await fixture.use(sim, NOW - 60, { upload: 3 })
  await fixture.deliver('{"record_id":"q","sim":"nobody","occurred_at":"2026-03-15"}\n')
  const counts = { waiting: 0, waitingSince: null, failed: 0, leftAlone: 0 }
  await fixture.store.noteDropFolder({
    feedId: fixture.feed.id,
    path: '/drop',
    ...counts,
    seenAt: NOW,
  })
  await fixture.send('POST', '/v1/Audit', undefined, { as: fixture.operator })
  const { body } = await fixture.server.inject({
    url: '/metrics',
    headers: { authorization: basic(fixture.operator) },
  })
  for (const [, type] of body.matchAll(/^# TYPE (\S+)/gm)) labelsOf.set(type!, new Set())
  for (const [, name = '', labels = ''] of body.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = labelsOf.get(name) ?? new Set()
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!)
    labelsOf.set(name, known)
  }
})
after(() => fixture.close())

/** The metrics of an expression, each with the labels by which it is chosen. */
function selectorsOf(expression: string): [metric: string, labels: string[]][] {
  return [...expression.matchAll(/(simtally_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name, chosen = '']) => [
      name!,
      [...chosen.matchAll(/(\w+)\s*(?:=~?|!=|!~)/g)].map(([, label]) => label!),
    ],
  )
}

function assertAnswered(expression: string): void {
  for (const [metric, labels] of selectorsOf(expression)) {
    const known = labelsOf.get(metric)
    assert.ok(known !== undefined, `there is no metric ${metric}`)
    for (const label of labels) assert.ok(known.has(label), `${metric} has no label ${label}`)
  }
  // What sums are taken by has to be a label of something in the expression.
  const labels = new Set(selectorsOf(expression).flatMap(([name]) => [...labelsOf.get(name)!]))
  for (const [, list = ''] of expression.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of list.split(/,\s*/)) assert.ok(labels.has(label), `no label ${label}`)
  }
}

describe('deploy/prometheus-alerts.yml', () => {
  it('asks for metrics and labels that there are', () => {
    assert.ok(rules.length > 10)
    for (const { expr } of rules) assertAnswered(expr)
  })

  it('says of each alert how urgent it is, what it means and what to do', () => {
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
    for (const { alert, labels, annotations } of rules) {
      assert.match(labels.severity, /^(critical|warning)$/, alert)
      assert.ok(annotations.summary.length > 20 && annotations.action.length > 20, alert)
    }
  })
})

describe('deploy/grafana-dashboard.json', () => {
  it('asks for metrics and labels that there are', () => {
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    assert.ok(expressions.length > 10)
    for (const expression of expressions) assertAnswered(expression)
  })
})
