/**
 * The SIDs of networks. Each contains the PLMN itself, so a network has the same SID on every server and even
 * before any usage: `HW`, zeros, and the PLMN with `f` as the third digit of a two-digit MNC.
 */
import { type Plmn, parsePlmn } from '../../domain/plmn.ts'

const PLMN_DIGITS = 6
const ZEROS = '0'.repeat(32 - PLMN_DIGITS)
const NETWORK_SID = new RegExp(`^HW${ZEROS}(\\d{3})(\\d{2})([\\df])$`, 'i')

export function networkSidOf(plmn: Plmn): string {
  return `HW${ZEROS}${plmn.replace('-', '').padEnd(PLMN_DIGITS, 'f')}`
}

/** Null for any other text, including SIDs that another server gave its networks. */
export function plmnOfNetworkSid(text: string): Plmn | null {
  const [, mcc, mnc, last] = NETWORK_SID.exec(text) ?? []
  if (mcc === undefined) return null
  return parsePlmn(`${mcc}-${mnc}${last?.toLowerCase() === 'f' ? '' : last}`)
}
