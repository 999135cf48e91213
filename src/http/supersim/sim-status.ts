/** The five statuses of the Super SIM API, and which of a SIM's own statuses each stands for. */
import type { SimStatus } from '../../domain/directory.ts'

export const SUPER_SIM_STATUSES = ['new', 'ready', 'active', 'inactive', 'scheduled'] as const
export type SuperSimStatus = (typeof SUPER_SIM_STATUSES)[number]

/** Callers cannot set the others. */
export const SUPER_SIM_STATUS_CHANGES = ['ready', 'active', 'inactive'] as const

const SHOWN_AS: Readonly<Record<SimStatus, SuperSimStatus>> = {
  new: 'new',
  ready: 'ready',
  active: 'active',
  suspended: 'inactive',
  deactivated: 'inactive',
  canceled: 'inactive',
  scheduled: 'scheduled',
  updating: 'scheduled',
}

export function shownAs(status: SimStatus): SuperSimStatus {
  return SHOWN_AS[status]
}

export function statusesShownAs(shown: SuperSimStatus): SimStatus[] {
  return (Object.keys(SHOWN_AS) as SimStatus[]).filter((status) => SHOWN_AS[status] === shown)
}

/** The SIM's new status. A SIM that already shows as `to` keeps its own status, which says more. */
export function changedStatus(
  before: SimStatus,
  to: (typeof SUPER_SIM_STATUS_CHANGES)[number],
): SimStatus {
  if (shownAs(before) === to) return before
  // Of the inactive statuses, the one from which a SIM can become active again.
  return to === 'inactive' ? 'suspended' : to
}
