/** How a drop folder is doing, as reported by its watcher. */

export interface DropFolderState {
  readonly feedId: number
  /** As given to the watcher. */
  readonly path: string
  /** Files that wait to be imported or moved. */
  readonly waiting: number
  /** Since when the file that has waited longest has been seen; null if none waits. */
  readonly waitingSince: number | null
  /** Files that lie in `failed/`. */
  readonly failed: number
  /** Entries that are not files. */
  readonly leftAlone: number
  /** When it was last looked at, to the minute. */
  readonly seenAt: number
}

/** How long the oldest file has waited; 0 if none waits. */
export function waitingSeconds({ waitingSince }: DropFolderState, nowSeconds: number): number {
  return waitingSince === null ? 0 : Math.max(0, nowSeconds - waitingSince)
}

/** A folder that has not been watched for this long is forgotten. */
export const FOLDER_FORGOTTEN_SECONDS = 30 * 86_400
