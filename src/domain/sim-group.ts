/**
 * Groups and labels of SIMs. A SIM is in at most one group at a time and has any number of labels, each
 * with one value at a time. Usage belongs to the group and labels that its SIM had when it was used, so
 * later changes affect nothing before them.
 */
import type { Sid } from './identifiers.ts'
import { invalidField } from './usage-error.ts'

/** What clients keep with a group and Simtally does not use, by its column on the wire. */
export type GroupSettings = Readonly<Record<string, string | number | boolean | null>>

export interface SimGroup {
  readonly id: number
  /** `HF…`. */
  readonly sid: Sid
  readonly accountId: number
  readonly accountSid: Sid
  /** Unique within the account; accepted wherever the SID is. */
  readonly uniqueName: string | null
  readonly settings: GroupSettings
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewSimGroup {
  readonly sid: Sid
  readonly uniqueName: string | null
  readonly settings: GroupSettings
}

/** Omitted fields stay, and so do omitted settings within `settings`. */
export interface SimGroupChanges {
  /** An empty text removes the name. */
  readonly uniqueName?: string
  readonly settings?: GroupSettings
}

/** A SIM's present group and labels. */
export interface SimPlace {
  readonly group: Pick<SimGroup, 'id' | 'sid' | 'uniqueName'> | null
  readonly labels: Readonly<Record<string, string>>
}

/** Sets a SIM's group, labels or both, from an instant until its next change. */
export interface SimAssignment {
  readonly simId: number
  /** The group's id, or null for none. If omitted, the group stays. */
  readonly groupId?: number | null
  /** Values by key; null ends a label. Omitted keys stay. */
  readonly labels?: Readonly<Record<string, string | null>>
  /**
   * UTC seconds. If omitted, what a SIM is registered with holds for all its usage, and each later change
   * holds from now on.
   */
  readonly since?: number
}

/** In characters. */
export const LABEL_KEY_MAX = 64
export const LABEL_VALUE_MAX = 256
/** How many labels a SIM may have at a time. */
export const LABELS_MAX = 64

/** Throws `invalid`, naming `field`, unless the text may be a label's key. */
export function parseLabelKey(text: string, field = 'label'): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text) && text.length <= LABEL_KEY_MAX) return text
  throw invalidField(
    field,
    text,
    `the key of a label is a letter or digit and up to ${LABEL_KEY_MAX - 1} more letters, digits, _ . -`,
  )
}

/** Throws `invalid` unless the text may be a label's value. */
export function parseLabelValue(text: string, field = 'label'): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it may not hold
  if (text.length > 0 && text.length <= LABEL_VALUE_MAX && !/[\u0000-\u001f\u007f]/.test(text)) {
    return text
  }
  throw invalidField(
    field,
    text,
    `the value of a label has 1 to ${LABEL_VALUE_MAX} characters, none of them a control character`,
  )
}

/** `key=value`; the value may contain `=`. Throws `invalid`. */
export function parseLabel(text: string, field = 'label'): { key: string; value: string } {
  const at = text.indexOf('=')
  if (at < 1) throw invalidField(field, text, 'expected key=value, such as customer=acme')
  return {
    key: parseLabelKey(text.slice(0, at), field),
    value: parseLabelValue(text.slice(at + 1), field),
  }
}
