/** A part of a page, and what it shows while loading, when empty and after a failure. */
import type { ComponentChildren } from 'preact'
import { SimtallyError } from '../api/server.ts'
import { CONSOLE_PATH } from '../base.ts'
import { type Answer, askAgain } from '../state/answer.ts'
import { Failed } from './failed.tsx'

export function Panel({
  title,
  aside,
  size = 'half',
  isForActing = false,
  children,
}: {
  readonly title: string
  readonly aside?: ComponentChildren
  readonly size?: 'wide' | 'half' | 'third'
  /** The panel only changes things, so it is of no use on paper. */
  readonly isForActing?: boolean
  readonly children: ComponentChildren
}) {
  return (
    <section class={`card panel ${size}${isForActing ? ' acting' : ''}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** Keeps showing the last answer while the next one loads, so that nothing jumps. */
export function Answered<T>({
  answer,
  lines = 6,
  empty,
  isEmpty = (value) => Array.isArray(value) && value.length === 0,
  children,
}: {
  readonly answer: Answer<T>
  /** The room to keep until there is an answer. */
  readonly lines?: number
  /** What to do if there is nothing to show. */
  readonly empty?: ComponentChildren
  readonly isEmpty?: (value: T) => boolean
  readonly children: (value: T) => ComponentChildren
}) {
  const { value, failure, isLoading } = answer
  if (failure instanceof SimtallyError && failure.status === 404) {
    return (
      <div class="failed" role="alert">
        <p>There is nothing of this name, or it belongs to another account.</p>
        <a href={CONSOLE_PATH}>Go to the fleet</a>
      </div>
    )
  }
  if (failure !== null) {
    return <Failed failure={failure} onAgain={askAgain} />
  }
  if (value === null) {
    return (
      <div class="waiting" aria-busy="true" style={{ minHeight: `${lines * 2.1}rem` }}>
        <span class="unseen">Loading</span>
      </div>
    )
  }
  if (empty !== undefined && isEmpty(value)) return <p class="empty">{empty}</p>
  return (
    <div class="answered" aria-busy={isLoading}>
      {children(value)}
    </div>
  )
}

/** A choice of one among a few, as buttons side by side. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChoose,
}: {
  readonly label: string
  readonly options: readonly { readonly value: T; readonly name: string; readonly off?: boolean }[]
  readonly value: T | null
  readonly onChoose: (value: T) => void
}) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          disabled={option.off ?? false}
          onClick={() => onChoose(option.value)}
        >
          {option.name}
        </button>
      ))}
    </fieldset>
  )
}
