/** The pages that people read, and what stands in them: blocks, commands, links. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

export interface Block {
  /** Below the root, as `docs/storage.md`. */
  readonly page: string
  /** Where its first line is, counted from 1. */
  readonly line: number
  /** What stands behind the fence; empty where nothing does. */
  readonly language: string
  readonly text: string
}

/** Every page of the repository, the settings of a test among them. */
export function pageNames(): string[] {
  return globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'examples/**/*.md'], {
    cwd: ROOT,
  }).sort()
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** The fenced blocks of a page, also those in lists. */
export function blocksOf(page: string): Block[] {
  return [...readPage(page).matchAll(/^( *)```(\S*)[^\n]*\n(.*?)^\1```$/gms)].map((found) => ({
    page,
    line: found.input.slice(0, found.index).split('\n').length + 1,
    language: found[2]!,
    text: found[3]!.replaceAll(new RegExp(`^${found[1]}`, 'gm'), ''),
  }))
}

/** Commands that are indented instead of fenced, which nobody would find. */
export function indentedCommandsOf(page: string): string[] {
  const outside = readPage(page).replaceAll(/^( *)```.*?^\1```$/gms, '')
  return outside.match(/^ {4,}(?:\$ |(?:sudo )?(?:simtally|npm|npx|node|curl|docker) ).*$/gm) ?? []
}

/**
 * What a shell is given at once: a line with those that continue it, without empty ones and comments. A
 * program in JavaScript is one.
 */
export function commandsOf({ text, language }: Block): string[] {
  if (language === 'js') return [text]
  const commands: string[] = []
  const lines = text.split('\n')
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const command = [line]
    while (command.at(-1)!.endsWith('\\')) command.push(lines.shift()!)
    const [, end] = /<<-?\s*'?(\w+)'?/.exec(line) ?? []
    if (end !== undefined)
      do command.push(lines.shift()!)
      while (command.at(-1) !== end)
    const whole = command.join('\n').replace(/(?:^|\s+)# .*$/, '')
    if (whole.trim() !== '') commands.push(whole)
  }
  return commands
}
