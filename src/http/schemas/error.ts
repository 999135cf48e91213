/** The error body, and what every route may answer besides success. */
import { Type } from 'typebox'

export const errorSchema = Type.Object({
  code: Type.Integer(),
  message: Type.String(),
  more_info: Type.String(),
  status: Type.Integer(),
})

/** Added to the responses of every route. */
export const failures = { '4xx': errorSchema, '5xx': errorSchema }
