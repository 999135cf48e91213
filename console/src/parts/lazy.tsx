/** Pages that are loaded when somebody goes to them: the first load is for what everybody looks at. */
import type { ComponentType } from 'preact'
import { useAnswer } from '../state/answer.ts'
import { Answered } from './panel.tsx'

/** `name` tells one page from the others. */
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
