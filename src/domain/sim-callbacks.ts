/**
 * The URLs to which a SIM's messages would be reported. They are kept only for clients that read back
 * what they set; nothing here calls them.
 */
import { invalidField } from './usage-error.ts'

/** Each is a URL with its method. */
export const CALLBACK_KINDS = [
  'commandsCallback',
  'sms',
  'smsFallback',
  'voice',
  'voiceFallback',
] as const
export type CallbackKind = (typeof CALLBACK_KINDS)[number]

export const CALLBACK_METHODS = ['GET', 'POST'] as const

export interface Callback {
  readonly url: string | null
  readonly method: (typeof CALLBACK_METHODS)[number]
}

/** An absent kind has no URL, and the method POST. */
export type SimCallbacks = Readonly<Partial<Record<CallbackKind, Callback>>>

/** What may be changed of each; omitted parts stay. */
export type CallbackChanges = Readonly<Partial<Record<CallbackKind, Partial<Callback>>>>

const NO_CALLBACK: Callback = { url: null, method: 'POST' }

export function callbackOf(callbacks: SimCallbacks, kind: CallbackKind): Callback {
  return callbacks[kind] ?? NO_CALLBACK
}

/** In a fixed order and without empty ones, so that equal callbacks are equal text. */
export function changedCallbacks(callbacks: SimCallbacks, changes: CallbackChanges): SimCallbacks {
  const changed: Partial<Record<CallbackKind, Callback>> = {}
  for (const kind of CALLBACK_KINDS) {
    const before = callbackOf(callbacks, kind)
    const { url = before.url, method = before.method } = changes[kind] ?? {}
    if (url !== null || method !== NO_CALLBACK.method) changed[kind] = { url, method }
  }
  return changed
}

/** The longest URL that still fits into a request line. */
const URL_CHARACTERS_MAX = 2_048

/** Returns it as given; empty removes it. Throws `invalid`, naming `field`. */
export function parseCallbackUrl(field: string, text: string): string | null {
  if (text === '') return null
  const url = text.length <= URL_CHARACTERS_MAX && URL.canParse(text) ? new URL(text) : null
  // The parser tolerates spaces and control characters, but readers of the URL may not.
  if (/^https?:$/.test(url?.protocol ?? '') && /^[!-~\u00a1-\uffff]+$/.test(text)) return text
  const rule = `expected an http or https URL of at most ${URL_CHARACTERS_MAX} characters`
  throw invalidField(field, text, rule)
}

/** Empty stands for the default. Throws `invalid`, naming `field`. */
export function parseCallbackMethod(field: string, text: string): Callback['method'] {
  const method = CALLBACK_METHODS.find((known) => known === (text || NO_CALLBACK.method))
  if (method !== undefined) return method
  throw invalidField(field, text, `expected ${CALLBACK_METHODS.join(', ')}`)
}
