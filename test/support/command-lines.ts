/** The command lines that pages, help texts and messages show. */
import { globSync } from 'node:fs'

/** What people read, below the root of the repository. */
export function textFiles(root: string): string[] {
  const patterns = ['*.md', 'docs/**/*.md', 'examples/*.sh', 'src/**/*.ts']
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()
}

/**
 * What follows the word `simtally` in a command: in code spans and blocks, help texts and hints. Ends
 * where a comment, another command or the end of the span begins.
 */
export function commandLinesOf(text: string): string[] {
  return [...text.matchAll(/(?<![\w/.-]|-[Ou] )simtally ((?:--)?[a-z][^\n]*)/g)].map(([, line]) =>
    line!.split(/[`":]|'(?=[,)]|$)| {2,}|\s#|[|;&<>()]|\.\s|\.$|,\s|\$\{/)[0]!.trim(),
  )
}
