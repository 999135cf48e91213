/** A key on the wire. Only the answer that creates it has its secret. */
import { type Static, Type } from 'typebox'
import type { ApiKey } from '../../domain/directory.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import { listSchema, nullableText } from './shapes.ts'

const fields = {
  sid: Type.String(),
  label: Type.String(),
  account_sid: nullableText,
  scope: Type.String(),
  date_created: Type.String(),
  date_last_used: nullableText,
  date_revoked: nullableText,
  url: Type.String(),
}

export const keySchema = Type.Object(fields)
export const newKeySchema = Type.Object({ ...fields, secret: Type.String() })
export const keysSchema = listSchema('keys', keySchema)

export function keyToApi(key: ApiKey, baseUrl: string): Static<typeof keySchema> {
  return {
    sid: key.sid,
    label: key.label,
    account_sid: key.accountSid,
    scope: key.scope,
    date_created: formatInstant(key.createdAt),
    date_last_used: instantOrNull(key.lastUsedAt),
    date_revoked: instantOrNull(key.revokedAt),
    url: `${baseUrl}/v1/Keys/${key.sid}`,
  }
}
