/** `simtally mapping`: shows the ready mappings, the settings that each leaves open, and their content. */
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
import type { CommandLine, JsonOption } from '../command-line.ts'
import { fromFlags, WrongUsage } from '../failure.ts'
import { namedSettings, setOption } from '../feed-settings.ts'
import { limited } from '../listing.ts'
import {
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  withOptions,
} from '../options.ts'

interface ListOptions extends JsonOption, LimitOption, SearchOption {}

interface ShowOptions extends JsonOption {
  readonly set?: readonly string[]
}

const LIST_EXAMPLES = `
Examples:
  simtally mapping list
  simtally mapping list --json | jq -r .name`

const SHOW_EXAMPLES = `
Examples:
  simtally mapping show emnify --set megabyte=MB --set rx=upload > emnify.yaml
  simtally feed check --mapping emnify.yaml sample.json

Prints it as YAML, as a start for your own. A required setting that you do not give gets its first
value; the lines at the top say which.`

export function addMappingCommand(program: Command, commandLine: CommandLine): void {
  const mapping = program
    .command('mapping')
    .description("show the ready mappings, which read carriers' files")
  withOptions(
    mapping.command('list').description('show the ready mappings and their settings'),
    searchOption(),
    limitOption(),
    jsonOption('mapping'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    mapping
      .command('show')
      .description('print a ready mapping as YAML')
      .argument('<name>', 'its name, as mapping list shows it'),
    setOption(),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      show(commandLine, name, command.optsWithGlobals()),
    )
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const found = READY_MAPPINGS.filter(({ name, title }) => matches(options, name, title))
  for await (const ready of limited(commandLine, options, found)) {
    if (options.json === true) await commandLine.printJson(toJson(ready))
    else await commandLine.print(toText(ready))
  }
}

async function show(
  commandLine: CommandLine,
  name: string,
  { set, json }: ShowOptions,
): Promise<void> {
  const ready = readyMapping(name)
  if (ready === null) {
    const names = READY_MAPPINGS.map((known) => known.name).join(', ')
    throw new WrongUsage(
      `mapping ${shown(name)}: no ready mapping has this name`,
      `ready: ${names}`,
    )
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
