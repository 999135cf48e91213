/** The label keys by which usage can be viewed. */
import { answerOf, server } from '../api/server.ts'
import { accountSid, isAccountKnown } from '../state/accounts.ts'
import { type Answer, useAnswer } from '../state/answer.ts'

/** The label keys of the account in view. */
export function useLabelKeys(): Answer<readonly string[]> {
  const account = accountSid.value
  return useAnswer(isAccountKnown.value ? `label keys ${account}` : null, async (signal) => {
    const query = { PageSize: '1000', ...(account !== null && { AccountSid: account }) }
    const { label_keys } = await answerOf(
      server.GET('/v1/LabelKeys', { params: { query }, signal }),
    )
    return label_keys.map(({ key }) => key)
  })
}
