/** An act of the log, as Simtally's own surface shows it. */
import { type Static, Type } from 'typebox'
import type { Act } from '../../domain/act.ts'
import { formatInstant } from '../../domain/time.ts'
import { listSchema } from './shapes.ts'

const actSchema = Type.Object({
  date_acted: Type.String(),
  actor: Type.String(),
  verb: Type.String(),
  kind: Type.String(),
  object: Type.String(),
  details: Type.Record(Type.String(), Type.Unknown()),
})

export const actsSchema = listSchema('acts', actSchema)

export function actToApi(act: Act): Static<typeof actSchema> {
  const { at, actor, verb, objectKind, object, details } = act
  return { date_acted: formatInstant(at), actor, verb, kind: objectKind, object, details }
}
