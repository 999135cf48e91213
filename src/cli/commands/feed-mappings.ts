/** `simtally feed mappings`: the ready mappings, what each leaves open, and what each is made of. */
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { shown } from '../../domain/usage-error.ts'
import {
  describeChoices,
  mappingOf,
  READY_MAPPINGS,
  readyMapping,
} from '../../ingest/mappings/mappings.ts'
import type { MappingSetting, ReadyMapping } from '../../ingest/mappings/ready-mapping.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { fromFlags, WrongUsage } from '../failure.ts'
import { namedSettings } from '../feed-settings.ts'

interface MappingsOptions extends DatabaseOption, JsonOption {
  readonly show?: string
  readonly set?: readonly string[]
}

const EXAMPLES = `
Examples:
  simtally feed mappings
  simtally feed mappings --json | jq -r .name
  simtally feed mappings --show emnify --set megabyte=MB --set rx=upload > emnify.yaml
  simtally feed check --mapping emnify.yaml sample.json

--show prints a mapping as YAML, to start one of your own from. A setting that has to be stated and is
not given has its first value in it; the lines at its head say which.`

export function addFeedMappingsCommand(feed: Command, commandLine: CommandLine): void {
  feed
    .command('mappings')
    .description('show the ready mappings and their settings')
    .option('--show <name>', 'print this one as YAML')
    .option(
      '--set <name=value>',
      'with --show, a setting of the mapping; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--json', 'print JSON, one mapping a line; with --show, the mapping')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => show(commandLine, command.optsWithGlobals()))
}

async function show(commandLine: CommandLine, options: MappingsOptions): Promise<void> {
  if (options.show !== undefined) return showOne(commandLine, options.show, options)
  if (options.set !== undefined) throw new WrongUsage('--set: it goes with --show')
  for (const ready of READY_MAPPINGS) {
    if (options.json === true) await commandLine.printJson(toJson(ready))
    else await commandLine.print(toText(ready))
  }
}

async function showOne(
  commandLine: CommandLine,
  name: string,
  { set, json }: MappingsOptions,
): Promise<void> {
  const ready = readyMapping(name)
  if (ready === null) {
    const names = READY_MAPPINGS.map((known) => known.name).join(', ')
    throw new WrongUsage(`--show ${shown(name)}: no ready mapping has this name`, `ready: ${names}`)
  }
  const given = namedSettings(set === undefined ? {} : { set })
  const assumed = Object.entries(ready.settings).flatMap(([setting, rule]) =>
    rule.otherwise === 'required' && given[setting] === undefined
      ? [[setting, Object.keys(rule.choices ?? { UTC: '' })[0]!] as const]
      : [],
  )
  const settings = { mapping: name, ...given, ...Object.fromEntries(assumed) }
  const mapping = fromFlags(() => mappingOf(settings))
  if (json === true) return commandLine.printJson(mapping)
  const lines = [
    `# ${ready.title}`,
    ...Object.entries(given).map(([setting, value]) => `# ${setting}=${value}`),
    ...assumed.map(
      ([setting, value]) =>
        `# ${setting}=${value}, because none was given: ${describeChoices(ready.settings[setting]!)}`,
    ),
  ]
  const yaml = stringify(mapping, { lineWidth: 100 }).trimEnd()
  await commandLine.print([...lines, ...yaml.split('\n')])
}

function toText({ name, title, settings, onConflict }: ReadyMapping): string[] {
  const lines = Object.entries(settings).flatMap(([setting, rule]) => [
    `  ${setting} (${whenLeftOut(rule)}): ${rule.meaning}`,
    `    ${describeChoices(rule)}`,
  ])
  const conflict = onConflict === 'reject' ? [] : [`  on conflict: ${onConflict}`]
  return [`${name}: ${title}`, ...conflict, ...lines, '']
}

function whenLeftOut({ otherwise }: MappingSetting): string {
  if (otherwise === 'required') return 'required'
  return otherwise === 'left out' ? 'may be left out' : `${otherwise.value} unless set`
}

function toJson({ name, title, settings, onConflict }: ReadyMapping) {
  return {
    name,
    title,
    on_conflict: onConflict,
    settings: Object.entries(settings).map(([setting, rule]) => ({
      name: setting,
      meaning: rule.meaning,
      required: rule.otherwise === 'required',
      default: typeof rule.otherwise === 'string' ? null : rule.otherwise.value,
      values: rule.choices,
    })),
  }
}
