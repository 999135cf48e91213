/**
 * How far the ledger is under checksum, for everything that has to know: triggers, batches and audits.
 * Days are put under checksum one after another, and a large one SIM by SIM.
 */

export interface ChecksumLimit {
  /** The start of a day. Rows of earlier days are under checksum. */
  readonly checksummedThrough: number
  /** Of that day, so are the rows of SIMs up to this one; 0 for none. */
  readonly checksummedSims: number
}

/** Names of the settings that hold the limit. Both change along with the checksums. */
export const CHECKSUMMED_THROUGH = 'checksummed_through'
export const CHECKSUMMED_SIMS = 'checksummed_sims'

export function isUnderChecksum(
  { bucket, simId }: { readonly bucket: number; readonly simId: number },
  { checksummedThrough, checksummedSims }: ChecksumLimit,
): boolean {
  return bucket < checksummedThrough || (bucket === checksummedThrough && simId <= checksummedSims)
}

/** `isUnderChecksum` as SQL for a row with the given `prefix`, such as `NEW.`. */
export function underChecksumText(
  { checksummedThrough, checksummedSims }: Readonly<Record<keyof ChecksumLimit, number | string>>,
  prefix = '',
): string {
  return `(${prefix}bucket, ${prefix}sim_id) <= (${checksummedThrough}, ${checksummedSims})`
}

/** For a row of the ledger or its history; parameters as the fields of the limit. */
export const UNDER_CHECKSUM = underChecksumText({
  checksummedThrough: ':checksummedThrough',
  checksummedSims: ':checksummedSims',
})
