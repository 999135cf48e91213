/** `simtally feed mappings`: the ready mappings and what each leaves open. */
import type { Command } from 'commander'
import { describeChoices, READY_MAPPINGS } from '../../ingest/mappings/mappings.ts'
import type { MappingSetting, ReadyMapping } from '../../ingest/mappings/ready-mapping.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'

const EXAMPLES = `
Examples:
  simtally feed mappings
  simtally feed mappings --json | jq -r .name`

export function addFeedMappingsCommand(feed: Command, commandLine: CommandLine): void {
  feed
    .command('mappings')
    .description('show the ready mappings and their settings')
    .option('--json', 'print JSON, one mapping a line')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => show(commandLine, command.optsWithGlobals()))
}

async function show(commandLine: CommandLine, options: DatabaseOption & JsonOption) {
  for (const ready of READY_MAPPINGS) {
    if (options.json === true) await commandLine.printJson(toJson(ready))
    else await commandLine.print(toText(ready))
  }
}

function toText({ name, title, settings, onConflict }: ReadyMapping): string {
  const conflict = onConflict === 'reject' ? '' : `\n  on conflict: ${onConflict}`
  const lines = Object.entries(settings).map(
    ([setting, rule]) =>
      `\n  ${setting} (${whenLeftOut(rule)}): ${rule.meaning}\n    ${describeChoices(rule)}`,
  )
  return `${name}: ${title}${conflict}${lines.join('')}\n`
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
