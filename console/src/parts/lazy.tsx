/** Pages that load when somebody opens them, so that the first load has only what everybody needs. */
import type { ComponentType } from 'preact'
import { useAnswer } from '../state/answer.ts'
import { Answered } from './panel.tsx'

/** `name` distinguishes the pages. */
export function lazy(name: string, load: () => Promise<ComponentType>): ComponentType {
  return function Lazy() {
    const answer = useAnswer(name, async () => ({ Page: await load() }))
    return (
      <Answered answer={answer} lines={20}>
        {({ Page }) => <Page />}
      </Answered>
    )
  }
}
