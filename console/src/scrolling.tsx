/** Content that is wider or longer than its place scrolls within it, also by keyboard. */
import type { ComponentChildren } from 'preact'

export function Scrolling({
  label,
  kind = '',
  children,
}: {
  readonly label: string
  readonly kind?: '' | 'tall' | 'chart-table'
  readonly children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section class={`scrolling ${kind}`} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
