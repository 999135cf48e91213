/**
 * Carries out a Dockerfile without a container engine: each stage is a folder, and its steps run in it by
 * `chroot`. The base image is a bare root with a shell, Node and npm. It takes root, busybox and a registry.
 */
import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

interface Step {
  readonly instruction: string
  readonly text: string
}

export interface Image {
  /** The folder that is its root. */
  readonly root: string
  readonly user: string
  readonly workDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
  /** The base images that it names. */
  readonly bases: readonly string[]
}

interface Stage {
  readonly root: string
  readonly environment: Record<string, string>
  workDirectory: string
  user: string
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** One step a line; a line that ends in a backslash goes on in the next one. */
function stepsOf(dockerfile: string): Step[] {
  return dockerfile
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, instruction, text] = /^([A-Z]+) (.*)$/.exec(line) ?? []
      if (instruction === undefined || text === undefined) throw new Error(`not a step: ${line}`)
      return { instruction, text }
    })
}

/** True for what the ignore file lets into the build: it begins with `*` and names exceptions. */
function isInContext(ignore: string, path: string): boolean {
  const exceptions = [...ignore.matchAll(/^!(.+)$/gm)].map(([, name = '']) => name)
  return exceptions.some((name) => path === name || path.startsWith(`${name}/`))
}

export class ImageBuild {
  readonly #folder: string
  readonly #stages = new Map<string, Stage>()
  #bare: string | null = null

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(): Promise<ImageBuild> {
    return new ImageBuild(await mkdtemp(join(tmpdir(), 'simtally-image-')))
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true })
  }

  async build(context: string, file: string): Promise<Image> {
    const ignore = await readFile(join(context, `${file}.dockerignore`), 'utf8')
    const bases: string[] = []
    const lists: Record<string, string[]> = {}
    let stage: Stage | null = null
    for (const { instruction, text } of stepsOf(await readFile(join(context, file), 'utf8'))) {
      if (instruction === 'FROM') {
        const [base = '', , name = 'last'] = text.split(' ')
        bases.push(base)
        stage = await this.#newStage(name)
        continue
      }
      if (stage === null) throw new Error(`${instruction} stands before FROM`)
      if (instruction === 'WORKDIR') {
        stage.workDirectory = text
        await mkdir(join(stage.root, text), { recursive: true })
      } else if (instruction === 'COPY') await this.#copy(stage, text, { context, ignore })
      else if (instruction === 'RUN') await this.#run(stage, text)
      else if (instruction === 'USER') stage.user = text
      else if (instruction === 'ENV') {
        for (const pair of text.split(' ')) {
          const at = pair.indexOf('=')
          stage.environment[pair.slice(0, at)] = pair.slice(at + 1)
        }
      } else if (['ENTRYPOINT', 'CMD'].includes(instruction)) lists[instruction] = JSON.parse(text)
      else if (instruction === 'HEALTHCHECK') {
        lists[instruction] = JSON.parse(text.slice(text.indexOf('CMD ') + 4))
      } else if (!['VOLUME', 'EXPOSE'].includes(instruction)) throw new Error(`unknown: ${text}`)
    }
    const { root, user, workDirectory, environment } = stage!
    const { ENTRYPOINT: entrypoint = [], CMD: command = [], HEALTHCHECK: healthcheck = [] } = lists
    return { root, user, workDirectory, environment, entrypoint, command, healthcheck, bases }
  }

  async #newStage(name: string): Promise<Stage> {
    const bare = await this.#bareRoot()
    const root = join(this.#folder, name)
    await run('cp', ['-a', bare, root])
    // As engines do, whoever runs in it.
    const stage = { root, user: '0:0', workDirectory: '/', environment: { PATH, HOME: '/' } }
    this.#stages.set(name, stage)
    return stage
  }

  async #run(stage: Stage, command: string): Promise<void> {
    const inside = `cd ${stage.workDirectory} && ${command}`
    const script = `mount --bind /proc "$1/proc" && exec chroot --userspec=${stage.user} "$1" /bin/sh -ec "$2"`
    await run('unshare', ['-m', 'bash', '-c', script, 'bash', stage.root, inside], {
      env: engineEnvironment(stage.environment),
      maxBuffer: 2 ** 24,
    })
  }

  async #copy(
    stage: Stage,
    text: string,
    { context, ignore }: { readonly context: string; readonly ignore: string },
  ): Promise<void> {
    const [, from, rest = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text)!
    const names = rest.split(' ')
    const target = names.pop()!
    const into = join(stage.root, resolve(stage.workDirectory, target))
    for (const name of names) {
      if (from === undefined && !isInContext(ignore, name)) throw new Error(`${name} is ignored`)
      const source = join(from === undefined ? context : this.#stages.get(from)!.root, name)
      const isFolder = target.endsWith('/') && names.length > 1
      await mkdir(dirname(into), { recursive: true })
      await cp(source, isFolder ? join(into, name) : into, {
        recursive: true,
        verbatimSymlinks: true,
      })
    }
  }

  /** What stands for every base image: nothing but what the Dockerfile may rely on. */
  async #bareRoot(): Promise<string> {
    if (this.#bare !== null) return this.#bare
    const root = join(this.#folder, 'bare')
    this.#bare = root
    for (const folder of [
      'bin',
      'dev',
      'etc',
      'proc',
      'tmp',
      'usr/bin',
      'usr/local/bin',
      'usr/local/etc',
    ]) {
      await mkdir(join(root, folder), { recursive: true })
    }
    await run('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3'])
    await run('chmod', ['1777', join(root, 'tmp')])
    await cp(
      await realpath((await run('which', ['busybox'])).stdout.trim()),
      join(root, 'bin/busybox'),
    )
    await run('chroot', [root, '/bin/busybox', '--install', '-s', '/bin'])
    await symlink('/bin/env', join(root, 'usr/bin/env'))
    await cp(process.execPath, join(root, 'usr/local/bin/node'))
    const { stdout: libraries } = await run('ldd', [process.execPath])
    const needed = [...libraries.matchAll(/\/\S+/g)].map(([library]) => library)
    // A part of the C library that Node does without, and what builds the console does not.
    const libc = needed.find((library) => library.endsWith('/libc.so.6'))!
    for (const library of [...needed, join(dirname(libc), 'librt.so.1')]) {
      await mkdir(join(root, dirname(library)), { recursive: true })
      await cp(library, join(root, library), { dereference: true })
    }
    await this.#addNpm(root)
    return root
  }

  /** With the registry of this machine, and what it takes to reach it. */
  async #addNpm(root: string): Promise<void> {
    const program = await realpath((await run('which', ['npm'])).stdout.trim())
    await cp(dirname(dirname(program)), join(root, 'usr/local/lib/node_modules/npm'), {
      recursive: true,
      dereference: true,
    })
    await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
    for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs/ca-certificates.crt']) {
      await mkdir(join(root, dirname(file)), { recursive: true })
      await cp(file, join(root, file), { dereference: true }).catch(() => {})
    }
    const setting = async (name: string) =>
      (await run('npm', ['config', 'get', name], { cwd: '/' })).stdout.trim()
    const lines = [`registry=${await setting('registry')}`]
    const authority = await setting('cafile')
    if (authority !== 'null' && authority !== '') {
      await cp(authority, join(root, 'etc/npm-authority.pem'), { dereference: true })
      lines.push('cafile=/etc/npm-authority.pem')
    }
    await writeFile(join(root, 'usr/local/etc/npmrc'), `${lines.join('\n')}\n`)
  }
}

/** What prepares a root finds its programs on this machine; what runs in it has few others. */
function engineEnvironment(environment: Readonly<Record<string, string>>) {
  return { ...environment, PATH: `${PATH}:${process.env.PATH}` }
}

/** A container of an image: its own mounts and network, a root that cannot be written, and a volume. */
export function startContainer(image: Image, words: readonly string[], volume: string) {
  const { root, user, workDirectory, environment } = image
  const script = [
    'ip link set lo up',
    `mount --bind "$1" "$1"`,
    `mount --bind "$2" "$1/data"`,
    `mount --bind /proc "$1/proc"`,
    `mount -o remount,ro,bind "$1"`,
    `exec chroot --userspec=${user} "$1" /bin/sh -c 'cd ${workDirectory} && exec "$@"' sh "\${@:3}"`,
  ].join(' && ')
  return spawn('unshare', ['-m', '-n', 'bash', '-c', script, 'bash', root, volume, ...words], {
    env: engineEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs a command beside what runs in a container. Resolves to its exit code. */
export async function runBeside(
  pid: number,
  image: Image,
  words: readonly string[],
): Promise<number> {
  const chroot = ['chroot', `--userspec=${image.user}`, image.root, ...words]
  return await run('nsenter', ['-t', String(pid), '-m', '-n', ...chroot], {
    env: image.environment,
  }).then(
    () => 0,
    ({ code }: { code: number }) => code,
  )
}
