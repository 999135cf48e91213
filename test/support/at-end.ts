/** Runs work when all tests of a process have run. Loaded outside any suite, which would end sooner. */
import { after } from 'node:test'

const works: (() => Promise<void>)[] = []

after(async () => {
  for (const work of works.splice(0)) await work()
})

export function atEnd(work: () => Promise<void>): void {
  works.push(work)
}
