/** Turns the repository's pages into web pages. `scripts/build-docs.ts` writes them, and tests check them. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { Marked, type Tokens } from 'marked'

export const ROOT = join(import.meta.dirname, '..')

/** All pages in order. A pattern stands for the matching pages that no line before it names. */
export const SECTIONS: readonly { readonly title: string; readonly pages: readonly string[] }[] = [
  { title: 'Start', pages: ['README.md', 'docs/start/*.md'] },
  { title: 'Concepts', pages: ['docs/glossary.md', 'docs/architecture.md'] },
  {
    title: 'Carriers',
    pages: ['docs/formats/canonical.md', 'docs/formats/mapped.md', 'docs/formats/*.md'],
  },
  {
    title: 'API',
    pages: ['http-api', 'fleet-questions', 'super-sim', 'programs'].map(
      (name) => `docs/${name}.md`,
    ),
  },
  {
    title: 'Operate',
    pages: [
      ...['console', 'command-line', 'settings', 'drop-folder'].map((name) => `docs/${name}.md`),
      ...['storage', 'deployment', 'versions'].map((name) => `docs/${name}.md`),
      'CHANGELOG.md',
    ],
  },
  { title: 'Reliability', pages: ['docs/reliability.md', 'docs/performance.md'] },
  {
    title: 'Decisions',
    pages: ['docs/decisions/README.md', 'docs/decisions/*.md', 'CONTRIBUTING.md'],
  },
]

export interface Page {
  /** Relative to the root of the repository. */
  readonly source: string
  /** Relative to the folder of the site. */
  readonly target: string
  readonly section: string
  readonly title: string
  readonly text: string
}

/** Every page of the site, in reading order. */
export function sitePages(): Page[] {
  const seen = new Set<string>()
  return SECTIONS.flatMap(({ title: section, pages }) =>
    pages
      .flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort())
      .filter((source) => !seen.has(source) && seen.add(source))
      .map((source) => {
        const text = readFileSync(join(ROOT, source), 'utf8')
        const title = plainText(/^# (.+)$/m.exec(text)?.[1] ?? source)
        return { source, target: targetOf(source), section, title, text }
      }),
  )
}

function targetOf(source: string): string {
  if (source === 'README.md') return 'index.html'
  return source
    .replace(/^docs\//, '')
    .replace(/README\.md$/, 'index.md')
    .replace(/\.md$/, '.html')
    .toLowerCase()
}

export interface Rendered {
  readonly html: string
  /** Files of the repository, other than pages, that the page links to. */
  readonly files: readonly string[]
}

/** One page as HTML. Links to pages lead to their HTML, and links to other files to copies of them. */
export function renderPage(page: Page, pages: readonly Page[]): Rendered {
  const files: string[] = []
  const slugs = new Slugs()
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const id = slugs.next(plainText(tokens.map(({ raw }) => raw).join('')))
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      link({ href, tokens }) {
        const target = linkOf(href, page, { pages, files })
        return `<a href="${escaped(target)}">${this.parser.parseInline(tokens)}</a>`
      },
      image({ href, text }) {
        return `<img src="${escaped(linkOf(href, page, { pages, files }))}" alt="${escaped(text)}">`
      },
      table(token: Tokens.Table) {
        // A wide table scrolls by itself, without scrolling the page.
        const cells = (row: Tokens.TableCell[], name: string) =>
          row.map(({ tokens }) => `<${name}>${this.parser.parseInline(tokens)}</${name}>`).join('')
        const rows = token.rows.map((row) => `<tr>${cells(row, 'td')}</tr>\n`).join('')
        const head = `<thead><tr>${cells(token.header, 'th')}</tr></thead>`
        return `<div class="table"><table>${head}<tbody>${rows}</tbody></table></div>\n`
      },
    },
  })
  return { html: framed(page, marked.parse(page.text) as string, pages), files }
}

function linkOf(
  href: string,
  page: Page,
  { pages, files }: { readonly pages: readonly Page[]; readonly files: string[] },
): string {
  if (/^[a-z]+:|^#/.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const source = normalize(join(dirname(page.source), path))
  const target = pages.find((other) => other.source === source)?.target
  if (target === undefined) files.push(source)
  const from = dirname(page.target)
  const to = relative(from, target ?? source.replace(/^docs\//, ''))
  return anchor === undefined ? to : `${to}#${anchor}`
}

/** Anchors of headings, in GitHub's form. A repeated one gets a number. */
export class Slugs {
  readonly #counts = new Map<string, number>()

  next(heading: string): string {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    const count = this.#counts.get(slug) ?? 0
    this.#counts.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  }
}

/** Without the markup of code, emphasis and links. */
function plainText(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

function framed(page: Page, body: string, pages: readonly Page[]): string {
  const to = ({ target }: Page) => relative(dirname(page.target), target)
  const link = (other: Page) => {
    const current = other === page ? ' aria-current="page"' : ''
    return `<li><a href="${to(other)}"${current}>${escaped(other.title)}</a></li>`
  }
  const sections = SECTIONS.map(({ title }) => {
    const own = pages.filter(({ section }) => section === title).map(link)
    const open = title === page.section ? ' open' : ''
    return `<details${open}><summary>${title}</summary><ul>${own.join('')}</ul></details>`
  })
  const at = pages.indexOf(page)
  const neighbours = [
    ...(at > 0
      ? [`<a rel="prev" href="${to(pages[at - 1]!)}">← ${escaped(pages[at - 1]!.title)}</a>`]
      : []),
    ...(at < pages.length - 1
      ? [`<a rel="next" href="${to(pages[at + 1]!)}">${escaped(pages[at + 1]!.title)} →</a>`]
      : []),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.title)} · Simtally</title>
<link rel="stylesheet" href="${relative(dirname(page.target), 'style.css')}">
</head>
<body>
<nav aria-label="Pages">${sections.join('\n')}</nav>
<main>
${body}<footer>${neighbours.join(' ')}</footer>
</main>
</body>
</html>
`
}

export const STYLE = `:root { color-scheme: light dark; --line: light-dark(#d8dee4, #3d444d); --code: light-dark(#f3f4f6, #161b22); }
* { box-sizing: border-box; }
body { margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); font: 16px/1.55 system-ui, sans-serif; }
nav { padding: 1.5rem 1rem; border-right: 1px solid var(--line); font-size: 0.9rem; }
nav ul { list-style: none; margin: 0.25rem 0 0.75rem; padding-left: 0.75rem; }
nav summary { font-weight: 600; cursor: pointer; }
nav a[aria-current] { font-weight: 600; color: inherit; text-decoration: none; }
main { padding: 1.5rem 2rem 4rem; max-width: 62rem; }
code, pre { font: 0.875em/1.45 ui-monospace, monospace; background: var(--code); border-radius: 4px; }
code { padding: 0.1em 0.3em; overflow-wrap: anywhere; }
pre { padding: 0.75rem 1rem; overflow-x: auto; }
pre code { padding: 0; overflow-wrap: normal; }
.table { overflow-x: auto; }
img { max-width: 100%; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border: 1px solid var(--line); padding: 0.35rem 0.6rem; text-align: left; vertical-align: top; min-width: 6rem; }
footer { display: flex; justify-content: space-between; gap: 1rem; margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
footer a[rel='next'] { margin-left: auto; }
@media (max-width: 50rem) { body { display: block; } nav { border-right: 0; border-bottom: 1px solid var(--line); } main { padding: 1rem; } }
@media print { nav, footer { display: none; } body { display: block; } }
`
