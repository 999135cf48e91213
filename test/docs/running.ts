/** Runs a scene: the blocks of a page that it fits. */
import assert from 'node:assert/strict'
import { PageShell } from './page-shell.ts'
import { type Block, blocksOf, commandsOf, pageNames } from './pages.ts'
import { NOT_RUN, type Scene } from './scenes.ts'

/** Languages whose blocks can be run. */
const COMMAND_LANGUAGES = ['sh', 'bash', 'console', 'shell', 'js']

export function commandBlocksOf(page: string): Block[] {
  return blocksOf(page).filter(({ language }) => COMMAND_LANGUAGES.includes(language))
}

export function belongsTo(block: Block, { page, blocks = /^/ }: Scene): boolean {
  const isOfPage = typeof page === 'string' ? block.page === page : page.test(block.page)
  return isOfPage && blocks.test(block.text)
}

/** Why a command is not run; null for one that is. */
export function whyNotRun(page: string, command: string): string | null {
  const fits = ({ pages, commands }: (typeof NOT_RUN)[number]) =>
    pages.includes(page) && commands.some((beginning) => command.startsWith(beginning))
  return NOT_RUN.find(fits)?.why ?? null
}

/** Fails with what a command has printed when it ends otherwise than it should. */
export async function runScene(scene: Scene): Promise<void> {
  const shell = await PageShell.open(() => scene.now ?? Math.floor(Date.now() / 1_000))
  let printed = ''
  const run = async (command: string, where: string, isProgram = false): Promise<void> => {
    const text = replaced(command, scene, printed)
    const { output, code } = await (isProgram ? shell.runProgram(text) : shell.run(text, scene))
    printed += output
    await pointCurl(shell)
    const expected = valueFor(command, scene.codes) ?? 0
    assert.equal(code, expected, `${where}: ${command}\nended with ${code}:\n${output}`)
    const shown = valueFor(command, scene.shows)
    if (shown !== undefined) assert.match(output, shown, `${where}: ${command}`)
  }
  let faults: string[] = []
  try {
    await scene.prepare?.(shell)
    for (const command of scene.before ?? []) await run(command, `before ${scene.page}`)
    giveCredentials(shell, printed)
    const blocks = pageNames().flatMap(commandBlocksOf)
    for (const block of blocks.filter((block) => belongsTo(block, scene))) {
      for (const command of commandsOf(block)) {
        if (whyNotRun(block.page, command) !== null) continue
        await run(command, `${block.page}:${block.line}`, block.language === 'js')
      }
    }
  } finally {
    faults = await shell.close()
  }
  assert.deepEqual(faults, [])
}

/** What a command has for its beginning. */
function valueFor<T>(command: string, values: Readonly<Record<string, T>> = {}): T | undefined {
  return Object.entries(values).find(([beginning]) => command.startsWith(beginning))?.[1]
}

/** With what stands for something else on the page. */
function replaced(command: string, { instead = [] }: Scene, printed: string): string {
  return instead.reduce(
    (text, [from, to]) =>
      text.replaceAll(new RegExp(from, 'g'), () => (typeof to === 'string' ? to : to(printed))),
    command,
  )
}

/** What pages call the credentials that were made before. */
function giveCredentials(shell: PageShell, printed: string): void {
  for (const [name, shown] of [
    ['ACCOUNT_SID', /account +(AC\w+)/],
    ['AUTH_TOKEN', /auth token +(\w+)/],
    ['KEY_SID', /"sid":"(SK\w+)"/],
    ['KEY_SECRET', /"secret":"([^"]+)"/],
  ] as const) {
    const [, value] = shown.exec(printed) ?? []
    if (value !== undefined) shell.setVariable(name, value)
  }
}

/** Has curl find the server of the scene where pages say that one is, and fail where it refuses. */
async function pointCurl(shell: PageShell): Promise<void> {
  if (shell.url === null) return
  const { host } = new URL(shell.url)
  const places = ['usage.example.com:443', '127.0.0.1:8080'].map(
    (place) => `connect-to = "${place}:${host}"`,
  )
  await shell.write('.curlrc', ['silent', 'fail', 'cacert = "own.crt"', ...places].join('\n'))
}
