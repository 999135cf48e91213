/** Names the feed that holds completeness back. Only operators see feeds. */
import { answerOf, server } from '../api/server.ts'
import { instantOf, momentText } from '../format/time.ts'
import { isOperator } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'

export function LateFeed({ through }: { readonly through: number }) {
  const feeds = useAnswer(isOperator.value ? `feeds ${through}` : null, (signal) =>
    answerOf(server.GET('/v1/Feeds', { params: { query: { PageSize: '1000' } }, signal })),
  )
  const holding = feeds.value?.feeds.filter(
    ({ complete_through: at, state }) =>
      state !== 'retired' && at !== null && instantOf(at) <= through,
  )
  if (holding === undefined || holding.length === 0) return null
  return (
    <>
      Waiting for{' '}
      {holding.map(({ name, state, date_last_delivery: last }, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <strong>{name}</strong> ({state}
          {last !== null && `, last delivery ${momentText(instantOf(last))} UTC`})
        </span>
      ))}
      .
    </>
  )
}
