/** One word for one thing, over every command: names, options, their texts, and what pages say of them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Command } from 'commander'
import { calledCommand, defaultOf, optionOf, pathOf } from '../../src/cli/called-command.ts'
import { CommandLine } from '../../src/cli/command-line.ts'
import { Output } from '../../src/cli/context.ts'
import { buildProgram } from '../../src/cli/run.ts'
import { commandLinesOf, textFiles } from '../support/command-lines.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What a command does to the store or the program as a whole is one verb. */
const WHOLE = [
  'init',
  'serve',
  'report',
  'export',
  'audit',
  'reclassify',
  'purge',
  'backup',
  'restore',
  'migrate',
  'doctor',
  'completion',
]
/** A noun that is a verb as well: it does something by itself, too. */
const BOTH = ['demo']
const VERBS = [
  ...[
    'list',
    'show',
    'search',
    'create',
    'set',
    'import',
    'run',
    'write',
    'undo',
    'move',
    'erase',
    'check',
    'accept',
  ],
  ...[
    'discard',
    'recycle',
    'grant',
    'revoke',
    'retire',
    'unretire',
    'rotate-token',
    'trust',
    'link',
  ],
]

/** Names that mean several things; the text of each says which. All others have one text. */
const SEVERAL_MEANINGS: Readonly<Record<string, number>> = {
  // Whose things are shown; for whom something is done; to whom a feed is bound.
  '--account': 3,
  // Whose things are shown; what something is done with.
  '--feed': 2,
  // Numbers of deliveries; stores.
  '--from': 2,
  // The same, and an account.
  '--to': 3,
  // What people call an account; the new name of a feed.
  '--name': 2,
  // Which are shown; what a SIM gets.
  '--status': 2,
  // How many of a list are shown; a limit of the server.
  '--limit': 2,
  // How long usage may come; how long a file is left alone.
  '--settle': 2,
  // Who says so; by what usage is grouped.
  '--by': 2,
  // Whose SIMs are shown; where a SIM is put.
  '--group': 2,
  // What a key is for; whose SIMs are shown; what a SIM is labelled with.
  '--label': 3,
  // Whose key is made; who signs in.
  '--operator': 2,
  // How the records of a feed are written, and those of a file.
  '--format': 2,
}

const program = buildProgram(new CommandLine(silentContext() as never))
const commands = below(program)
const leaves = commands.filter(({ commands }) => commands.length === 0 || isBoth(commands[0]!))

function silentContext() {
  const stream = { on: () => {}, write: () => true } as never
  return { stdout: new Output(stream), stderr: new Output(stream) }
}

function below(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...below(child)])
}

function isBoth(child: Command): boolean {
  return BOTH.includes(child.parent!.name())
}

function wordsOf(command: Command): string[] {
  return pathOf(command).split(' ').slice(1)
}

/** As `--help` prints it. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

describe('every command', () => {
  it('is a noun and a verb, or one verb for the store as a whole', () => {
    for (const leaf of leaves) {
      const [first, verb, ...more] = wordsOf(leaf)
      const isWhole = verb === undefined && [...WHOLE, ...BOTH].includes(first!)
      assert.ok(isWhole || VERBS.includes(verb!), pathOf(leaf))
      assert.deepEqual(more, [], pathOf(leaf))
    }
    assert.ok(leaves.length > 40, `only ${leaves.length}`)
  })

  it('has a description and examples that call it, and takes --database', () => {
    for (const leaf of leaves) {
      const help = helpOf(leaf)
      assert.match(leaf.description(), /^[a-z].*[^.]$/, pathOf(leaf))
      assert.match(help, /^Examples?:\n {2}/m, pathOf(leaf))
      const called = [...help.matchAll(/simtally ((?:[^\n|&]|\n(?= ))+)/g)].map(([, words]) =>
        calledCommand(program, words!.split(/\s+/)),
      )
      assert.ok(called.includes(leaf), `${pathOf(leaf)}: no example calls it`)
      assert.match(help, /--database/, pathOf(leaf))
    }
  })

  it('prints facts as JSON: a list as one object per line, one thing as one object', () => {
    for (const leaf of leaves) {
      const name = pathOf(leaf)
      const json = leaf.options.find(({ long }) => long === '--json')
      // What they print is no fact: a file, and a script.
      if (['simtally demo write', 'simtally completion'].includes(name)) continue
      assert.match(json?.description ?? '', /^print JSON(, one [a-zA-Z]+ per line)?$/, name)
      const isList = leaf.name() === 'list'
      if (isList) assert.match(json!.description, /per line$/, name)
      if (leaf.name() === 'show' && !name.includes('usage')) {
        assert.equal(json!.description, 'print JSON', name)
      }
    }
  })

  it('that lists can be limited and filtered', () => {
    for (const leaf of leaves.filter((command) => command.name() === 'list')) {
      const names = leaf.options.map(({ long }) => long!)
      assert.ok(names.includes('--limit'), pathOf(leaf))
      const others = names.filter((name) => !['--limit', '--json', '--csv'].includes(name))
      assert.ok(others.length > 0, `${pathOf(leaf)} has no filter`)
    }
  })
})

describe('every option', () => {
  it('has one name, one form of its value and one text for one meaning', () => {
    const texts = new Map<string, Set<string>>()
    for (const command of [program, ...commands]) {
      for (const { long, flags, description } of command.options) {
        const isJson = long === '--json'
        const text = `${flags}  ${isJson ? 'print JSON' : description}`
        texts.set(long!, (texts.get(long!) ?? new Set()).add(text))
      }
    }
    for (const [name, found] of texts) {
      const allowed = SEVERAL_MEANINGS[name] ?? 1
      assert.equal(found.size, allowed, [...found].join('\n'))
    }
  })

  it('says what it does in lower case and without a full stop', () => {
    for (const command of commands) {
      for (const { flags, description } of command.options) {
        assert.match(description, /^[a-zSX].*[^.]$/, `${pathOf(command)} ${flags}`)
      }
    }
  })
})

describe('pages, help and messages', () => {
  it('name commands and options that there are', () => {
    const faults = textFiles(ROOT).flatMap((file) =>
      commandLinesOf(readFileSync(join(ROOT, file), 'utf8')).flatMap((line) => {
        const wrong = faultOf(line)
        return wrong === null ? [] : [`${file}: simtally ${line}: ${wrong}`]
      }),
    )
    assert.equal(faults.length, 0, faults.join('\n'))
  })
})

function faultOf(line: string): string | null {
  const words = line.split(/\s+/)
  const command = calledCommand(program, words)
  if (command === program) return words[0]!.startsWith('-') ? null : 'there is no such command'
  const isGroup = command.commands.length > 0 && !BOTH.includes(command.name())
  const next = words[wordsOf(command).length]
  if (isGroup && defaultOf(command) === null && /^[a-z-]+$/.test(next ?? '')) {
    return `${command.name()} has no ${next}`
  }
  const unknown = words.find(
    (word) =>
      /^--(?!help)[a-z]/.test(word) && optionOf(command, word.replace(/=.*/, '')) === undefined,
  )
  return unknown === undefined ? null : `there is no ${unknown}`
}
