/** The page's name in the tab, in the history and for screen readers. */
import { useEffect } from 'preact/hooks'

export function useTitle(name: string): void {
  useEffect(() => {
    document.title = `${name} – Simtally`
  }, [name])
}
