/** An account as the operator sees it. Only the answer that creates it has its token. */
import { type Static, Type } from 'typebox'
import type { Account } from '../../domain/directory.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import { listSchema, nullableText } from './shapes.ts'

const fields = {
  sid: Type.String(),
  name: Type.String(),
  home_plmns: Type.Array(Type.String()),
  home_countries: Type.Array(Type.String()),
  may_register_numbers: Type.Boolean(),
  previous_token_until: nullableText,
  date_created: Type.String(),
  url: Type.String(),
}

export const accountSchema = Type.Object(fields)
/** Only the answer that creates the account has the token. */
export const newAccountSchema = Type.Object({ ...fields, auth_token: Type.String() })

export const accountsSchema = listSchema('accounts', accountSchema)

export function accountToApi(account: Account, baseUrl: string): Static<typeof accountSchema> {
  const { sid, name, home, previousToken, createdAt } = account
  return {
    sid,
    name,
    home_plmns: [...home.plmns],
    home_countries: [...home.countries],
    may_register_numbers: account.mayRegisterNumbers,
    previous_token_until: instantOrNull(previousToken?.until ?? null),
    date_created: formatInstant(createdAt),
    url: `${baseUrl}/v1/Accounts/${sid}`,
  }
}
