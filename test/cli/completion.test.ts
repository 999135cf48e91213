/** Completion in a real bash, and scripts for the other shells. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { CliFixture } from './cli-fixture.ts'

let cli: CliFixture
let script: string
before(async () => {
  cli = await CliFixture.openWithoutStore('sqlite')
  const { exitCode, stdout, stderr } = await cli.run(['completion', 'bash'])
  assert.deepEqual([exitCode, stderr], [0, ''])
  script = await cli.file('simtally.bash', stdout)
})
after(() => cli.close())

/** What bash offers for each line, whose last word is the one that is being written. */
async function offered(...lines: string[]): Promise<string[][]> {
  const asked = lines.map(
    (line) => `COMP_WORDS=(${line}${line.endsWith(' ') ? "''" : ''})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _simtally; echo "\${COMPREPLY[*]}"`,
  )
  const bash = ['--norc', '-c', [`source ${script}`, ...asked].join('\n')]
  const { stdout, stderr } = await promisify(execFile)('bash', bash, { cwd: cli.directory })
  assert.equal(stderr, '')
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '))
}

describe('simtally completion', () => {
  it('completes commands, options and values in bash', async () => {
    const [nouns, verbs, options, value, after, files] = await offered(
      'simtally im',
      'simtally feed re',
      'simtally import list --st',
      'simtally import list --status fa',
      'simtally --database sqlite:x.db quarantine list --cause unknown_',
      'simtally import usage --feed roamco simtally.ba',
    )
    assert.deepEqual(nouns, ['import'])
    assert.deepEqual(verbs, ['revoke', 'retire'])
    assert.deepEqual(options, ['--status'])
    assert.deepEqual(value, ['failed'])
    assert.deepEqual(after, ['unknown_sim', 'unknown_network'])
    assert.deepEqual(files, ['simtally.bash'])
  })

  it('knows every command and option that there is, also those of all commands', async () => {
    const [all, run] = await offered('simtally ', 'simtally import --')
    for (const word of ['account', 'doctor', 'completion', '--database-url', '--config']) {
      assert.ok(all!.includes(word), word)
    }
    for (const word of ['--feed', '--watch', '--json', '--database-url']) {
      assert.ok(run!.includes(word), word)
    }
  })

  it('makes scripts for zsh and fish, and refuses another shell', async () => {
    const { stdout: zsh } = await cli.run(['completion', 'zsh'])
    assert.match(zsh, /^#compdef simtally\n/)
    const { stdout: fish } = await cli.run(['completion', 'fish'])
    assert.match(
      fish,
      /^complete -c simtally -n '__fish_seen_subcommand_from import; and __fish_seen_subcommand_from list' -l status -x -a 'running /m,
    )
    for (const line of fish.trimEnd().split('\n').slice(1)) {
      assert.match(line, /^complete -c simtally -n '[^']+' .*-d '(?:[^'\\]|\\.)*'$/)
    }
    const refused = await cli.run(['completion', 'csh'])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /Allowed choices are bash, zsh, fish/)
  })
})
