/** The browser's address, and navigation within the console. */
import { computed, signal } from '@preact/signals'
import { CONSOLE_PATH } from '../base.ts'
import { parseView, type View, viewPath } from './view.ts'

const address = signal(location.href)

export const view = computed(() => {
  const { pathname, searchParams } = new URL(address.value)
  return parseView(pathname.slice(CONSOLE_PATH.length), searchParams, nowSeconds())
})

addEventListener('popstate', () => {
  address.value = location.href
})

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** For links: the current view with some changes. */
export function hrefOf(change: Partial<View>): string {
  return CONSOLE_PATH + viewPath({ ...view.value, ...change })
}

/** The back button returns to the current page. `replace` is for text that is typed letter by letter. */
export function go(href: string, { replace = false } = {}): void {
  if (new URL(href, location.href).href === location.href) return
  history[replace ? 'replaceState' : 'pushState'](null, '', href)
  address.value = location.href
}

export function show(change: Partial<View>, options: { readonly replace?: boolean } = {}): void {
  go(hrefOf(change), options)
}

/** Makes links within the console change the view without reloading the page. */
export function followLinks(event: MouseEvent): void {
  const link = (event.target as Element).closest('a')
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey
  if (link === null || !isPlain || event.altKey || event.defaultPrevented) return
  const href = link.getAttribute('href') ?? ''
  if (!href.startsWith(CONSOLE_PATH) || link.target !== '' || link.hasAttribute('download')) return
  event.preventDefault()
  const isElsewhere = new URL(href, location.href).pathname !== location.pathname
  go(href)
  if (!isElsewhere) return
  scrollTo(0, 0)
  // The link may vanish with its page. Focus then continues on the new page, for people without a pointer.
  document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true })
}

/** A click elsewhere closes a menu, and so does choosing an entry that leads elsewhere. */
export function closeMenus(event: Event): void {
  const target = event.target as Element
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]')) {
    if (!menu.contains(target) || target.closest('a') !== null) menu.open = false
  }
}
