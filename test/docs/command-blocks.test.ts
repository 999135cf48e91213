/** The commands that pages show: each is run as it stands there, or is on a list that says why not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LONG_SCENES } from './long-scenes.ts'
import { blocksOf, commandsOf, indentedCommandsOf, pageNames } from './pages.ts'
import { belongsTo, commandBlocksOf, runScene, whyNotRun } from './running.ts'
import { NOT_RUN, SCENES } from './scenes.ts'

const scenes = [...SCENES, ...LONG_SCENES]
const blocks = pageNames().flatMap(commandBlocksOf)

describe('the blocks of pages', () => {
  it('name their language, so that commands are found', () => {
    const nameless = pageNames()
      .flatMap(blocksOf)
      .filter(({ language }) => language === '')
    assert.deepEqual(
      nameless.map(({ page, line }) => `${page}:${line}: which language? text, if none`),
      [],
    )
    const indented = pageNames().flatMap((page) =>
      indentedCommandsOf(page).map((command) => `${page}: fence ${command.trim()}`),
    )
    assert.deepEqual(indented, [])
    assert.ok(blocks.length > 40, `only ${blocks.length} blocks of commands were found`)
  })

  it('are run in one scene each, or say for each command why not', () => {
    const faults = blocks.flatMap((block) => {
      const left = commandsOf(block).filter((command) => whyNotRun(block.page, command) === null)
      const count = scenes.filter((scene) => belongsTo(block, scene)).length
      const where = `${block.page}:${block.line}: ${left[0]}`
      return left.length === 0 || count === 1 ? [] : [`${where}: in ${count} scenes of scenes.ts`]
    })
    assert.equal(faults.length, 0, faults.join('\n'))
  })

  it('are there for each scene, and for each command that is not run', () => {
    for (const scene of scenes) {
      const own = blocks.filter((block) => belongsTo(block, scene))
      const given = { ...scene.codes, ...scene.shows }
      assert.ok(own.length > 0, `${scene.page} has no block ${scene.blocks}`)
      for (const beginning of Object.keys(given)) {
        const isThere = own.some((block) =>
          commandsOf(block).some((command) => command.startsWith(beginning)),
        )
        assert.ok(isThere, `${scene.page} has no ${beginning}`)
      }
    }
    for (const { pages, commands } of NOT_RUN) {
      for (const page of pages) {
        const shown = commandBlocksOf(page).flatMap(commandsOf)
        const used = commands.filter((beginning) => shown.some((c) => c.startsWith(beginning)))
        assert.ok(used.length > 0, `${page} has none of ${commands.join(', ')}`)
      }
      for (const beginning of commands) {
        const isThere = pages.some((page) =>
          commandBlocksOf(page)
            .flatMap(commandsOf)
            .some((c) => c.startsWith(beginning)),
        )
        assert.ok(isThere, `no page has ${beginning}`)
      }
    }
  })
})

describe('the commands of', () => {
  for (const scene of SCENES) {
    it(`${scene.page}${scene.blocks ? `, ${scene.blocks}` : ''}`, { timeout: 120_000 }, () =>
      runScene(scene),
    )
  }
})
