/**
 * The SIDs of networks. They hold the PLMN itself, so that a network has the same one on every server and
 * before anything was used on it: `HW`, zeros, and the PLMN with `f` for the third digit of an MNC of two.
 */
import { type Plmn, parsePlmn } from '../../domain/plmn.ts'

const PLMN_DIGITS = 6
const ZEROS = '0'.repeat(32 - PLMN_DIGITS)
const NETWORK_SID = new RegExp(`^HW${ZEROS}(\\d{3})(\\d{2})([\\df])$`, 'i')

export function networkSidOf(plmn: Plmn): string {
  return `HW${ZEROS}${plmn.replace('-', '').padEnd(PLMN_DIGITS, 'f')}`
}

/** Null for any other text, also for the SIDs that another server gave its networks. */
export function plmnOfNetworkSid(text: string): Plmn | null {
  const [, mcc, mnc, last] = NETWORK_SID.exec(text) ?? []
  if (mcc === undefined) return null
  return parsePlmn(`${mcc}-${mnc}${last?.toLowerCase() === 'f' ? '' : last}`)
}
