/** The commands that pages show and that take long, or need what is not on every machine. */
import { after, before, describe, it } from 'node:test'
import { LONG_SCENES, startDatabaseServer, stopDatabaseServer } from './long-scenes.ts'
import { runScene } from './running.ts'

before(startDatabaseServer)
after(stopDatabaseServer)

describe('the commands of', () => {
  for (const scene of LONG_SCENES) {
    it(`${scene.page}${scene.blocks ? `, ${scene.blocks}` : ''}`, { timeout: 300_000 }, () =>
      runScene(scene),
    )
  }
})
