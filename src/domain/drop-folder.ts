/** How a folder into which files are dropped is doing, as its watcher tells it. */

export interface DropFolderState {
  readonly feedId: number
  /** As it was named to the watcher. */
  readonly path: string
  /** Files that wait to be imported or moved. */
  readonly waiting: number
  /** Since when the one that waits for the longest has been seen there; null without any. */
  readonly waitingSince: number | null
  /** Files that lie in `failed/`. */
  readonly failed: number
  /** What lies there and is no file. */
  readonly leftAlone: number
  /** When it was looked at last, to the minute. */
  readonly seenAt: number
}

/** How long the oldest file has waited; 0 without any. */
export function waitingSeconds({ waitingSince }: DropFolderState, nowSeconds: number): number {
  return waitingSince === null ? 0 : Math.max(0, nowSeconds - waitingSince)
}

/** A folder that nobody has watched for so long is forgotten. */
export const FOLDER_FORGOTTEN_SECONDS = 30 * 86_400
