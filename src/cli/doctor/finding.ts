/** What `simtally doctor` finds about one thing. */

export const CHECKS = [
  'version',
  'settings',
  'permissions',
  'disk',
  'store',
  'clock',
  'feeds',
  'folders',
  'quarantine',
  'audit',
] as const
export type Check = (typeof CHECKS)[number]

export interface Finding {
  readonly check: Check
  /** A problem makes the exit code 1; a warning only asks somebody to look. */
  readonly status: 'fine' | 'warning' | 'problem'
  readonly message: string
  /** What to do; null if there is nothing to do. */
  readonly remedy: string | null
}

export function fine(check: Check, message: string): Finding {
  return { check, status: 'fine', message, remedy: null }
}

export function warning(check: Check, message: string, remedy: string): Finding {
  return { check, status: 'warning', message, remedy }
}

export function problem(check: Check, message: string, remedy: string): Finding {
  return { check, status: 'problem', message, remedy }
}
