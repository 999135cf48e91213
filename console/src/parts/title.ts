/** What a tab, the history and a screen reader call the page. */
import { useEffect } from 'preact/hooks'

export function useTitle(name: string): void {
  useEffect(() => {
    document.title = `${name} – Simtally`
  }, [name])
}
