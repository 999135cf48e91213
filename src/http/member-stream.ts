/** Answers to questions about a fleet: one page of members, or all that follow, piece by piece. */
import type { UsageMember } from '../domain/usage-question.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { answerInSpans } from './member-spans.ts'
import type { PageTokens } from './page-token.ts'
import type { QuestionPage } from './question-page.ts'
import { toToken } from './question-token.ts'
import { type MemberContext, memberCsvHeader, memberCsvLine, memberJson } from './usage-member.ts'

/** Members in a piece. At about 400 bytes each, holding these costs less than asking more often. */
export const PIECE_MEMBERS = 10_000

/** Lines written before other requests get their turn. These take a few milliseconds. */
const TURN_LINES = 1_000

export type MemberStore = Pick<UsageStore, 'answerUsage'>

/** Up to `limit` members of the page, and whether more follow. */
export async function membersOf(
  store: MemberStore,
  { question, after }: Pick<QuestionPage, 'question' | 'after'>,
  limit: number,
): Promise<{ readonly members: readonly UsageMember[]; readonly more: boolean }> {
  // Retention may have removed the whole period.
  if (question.start >= question.end) return { members: [], more: false }
  // Reading one more than is shown tells whether more follow.
  const page = { limit: limit + 1, ...(after !== null && { after }) }
  const found = await answerInSpans(store, question, page)
  return { members: found.slice(0, limit), more: found.length > limit }
}

export interface StreamOptions {
  readonly store: MemberStore
  readonly tokens: PageTokens
  readonly format: 'csv' | 'ndjson'
  readonly context: MemberContext
  /** Members at most; null for all of them. */
  readonly limit: number | null
  /** Resolves when the next piece may be requested. */
  readonly nextTurn: () => Promise<void>
}

/**
 * The lines of an answer, one piece of text at a time, so that memory use does not grow with their number. If
 * more follow, the last line of a piece has a token in its last column: after an interruption, the caller
 * drops the lines after the last token and continues with it. The first piece is requested at once, so this
 * promise fails if that request does.
 */
export async function memberLines(
  page: QuestionPage,
  options: StreamOptions,
): Promise<AsyncGenerator<string, void, undefined>> {
  const { store, format, limit } = options
  const header = format === 'csv' ? `${memberCsvHeader({ resumable: true })}\n` : ''
  const size = Math.min(limit ?? PIECE_MEMBERS, PIECE_MEMBERS)
  const first = await membersOf(store, page, size)
  return goOn()

  async function* goOn() {
    let { members, more } = first
    let at = page
    if (header !== '') yield header
    while (true) {
      yield* pieceOf(at, members, more, options)
      if (!more || limit !== null) return
      await options.nextTurn()
      at = { ...at, page: at.page + 1, after: members.at(-1)! }
      ;({ members, more } = await membersOf(store, at, size))
    }
  }
}

async function* pieceOf(
  page: QuestionPage,
  members: readonly UsageMember[],
  more: boolean,
  { tokens, format, context, nextTurn }: StreamOptions,
): AsyncGenerator<string, void, undefined> {
  const last = members.at(-1)
  const token = more && last !== undefined ? await tokens.seal(toToken(page, last)) : null
  const lineOf = format === 'csv' ? memberCsvLine : memberJson
  for (let from = 0; from < members.length; from += TURN_LINES) {
    if (from > 0) await nextTurn()
    let text = ''
    for (const member of members.slice(from, from + TURN_LINES)) {
      text += `${lineOf(context, member, member === last ? token : null)}\n`
    }
    yield text
  }
}
