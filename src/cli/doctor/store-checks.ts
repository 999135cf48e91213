/** What the doctor checks in the store: its clock, feeds, folders, quarantine and audits. */
import { feedGaps, newsState } from '../../domain/completeness.ts'
import { clockFault } from '../../domain/store-time.ts'
import { DAY_SECONDS, formatInstant } from '../../domain/time.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { countOf, formatAge } from '../quantity-text.ts'
import { type Finding, fine, problem, warning } from './finding.ts'

/** A served store audits itself daily, so an audit older than this says little. */
const AUDIT_AGE_SECONDS_MAX = 35 * DAY_SECONDS
/** Several rounds of a running watcher. */
const FOLDER_UNSEEN_SECONDS_MAX = 3_600

export async function checkStore(store: UsageStore, now: number): Promise<Finding[]> {
  return [
    await checkClock(store, now),
    ...(await checkFeeds(store, now)),
    ...(await checkFolders(store, now)),
    await checkQuarantine(store),
    await checkAudit(store, now),
  ]
}

async function checkClock(store: UsageStore, now: number): Promise<Finding> {
  const fault = clockFault(now, await store.readTime())
  if (fault === null) return fine('clock', `it is ${formatInstant(now)}, which the store confirms`)
  const remedy = 'set the clock; if it is right: simtally clock trust'
  return problem('clock', fault, remedy)
}

async function checkFeeds(store: UsageStore, now: number): Promise<Finding[]> {
  const feeds = await store.listFeeds()
  const progress = await store.listFeedProgress()
  const findings = feeds.flatMap((feed): Finding[] => {
    const found = progress.find(({ feedId }) => feedId === feed.id)
    if (found === undefined) return []
    const state = newsState(feed, found, now)
    const open = feedGaps(found).filter((gap) => gap.acceptance === null).length
    const silent = ['late', 'overdue'].includes(state)
      ? [
          warning(
            'feeds',
            `feed ${feed.name} is ${state}`,
            `ask its carrier for deliveries; if it has ended: simtally feed retire ${feed.name}`,
          ),
        ]
      : []
    const gaps =
      open > 0
        ? [
            warning(
              'feeds',
              `feed ${feed.name} has ${countOf(open, 'open gap')}`,
              `simtally gap list --feed ${feed.name} shows what to ask its carrier for`,
            ),
          ]
        : []
    return [...silent, ...gaps]
  })
  if (findings.length > 0) return findings
  return [fine('feeds', `${countOf(feeds.length, 'feed')}, none late, none with open gaps`)]
}

async function checkFolders(store: UsageStore, now: number): Promise<Finding[]> {
  const folders = await store.listDropFolders()
  const findings = folders.flatMap(({ path, failed, seenAt }): Finding[] => {
    const files =
      failed > 0
        ? [
            warning(
              'folders',
              `${path} has ${countOf(failed, 'file')} that failed`,
              'simtally import list --status failed says why',
            ),
          ]
        : []
    const unseen =
      now - seenAt > FOLDER_UNSEEN_SECONDS_MAX
        ? [
            warning(
              'folders',
              `nobody has looked at ${path} for ${formatAge(now - seenAt)}`,
              'start its watcher: simtally import --watch',
            ),
          ]
        : []
    return [...files, ...unseen]
  })
  if (findings.length > 0) return findings
  return [fine('folders', `${countOf(folders.length, 'drop folder')}, nothing failed in them`)]
}

async function checkQuarantine(store: UsageStore): Promise<Finding> {
  const [first] = await store.listQuarantine({}, { limit: 1 })
  if (first === undefined) return fine('quarantine', 'no record waits')
  return warning(
    'quarantine',
    `records wait, the first since ${formatInstant(first.seenAt)}: ${first.reason}`,
    'simtally quarantine list shows them; remove the cause, then run simtally quarantine recycle',
  )
}

async function checkAudit(store: UsageStore, now: number): Promise<Finding> {
  const run = await store.readAuditRun()
  const finishedAt = run?.finishedAt ?? null
  if (run === null || finishedAt === null) {
    return warning('audit', 'no audit has ended', 'run simtally audit')
  }
  const count = run.state?.report.differenceCount ?? 0
  const ended = `the last audit ended ${formatInstant(finishedAt)}`
  if (count > 0) {
    const message = `${ended} and found ${countOf(count, 'thing')} wrong`
    return problem('audit', message, 'run simtally audit --repair, then docs/storage.md#audit')
  }
  if (now - finishedAt <= AUDIT_AGE_SECONDS_MAX) return fine('audit', `${ended}, nothing is wrong`)
  return warning('audit', ended, 'run simtally audit')
}
