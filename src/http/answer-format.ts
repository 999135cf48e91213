/** The format of an answer: a parameter decides, or else the caller's `Accept` header. */

export const ANSWER_FORMATS = ['json', 'csv', 'ndjson'] as const
export type AnswerFormat = (typeof ANSWER_FORMATS)[number]

/**
 * For JSON, the type that Fastify sets on what it serializes itself, and the matching types of the others.
 */
export const TYPE_OF_FORMAT: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
}

const FORMAT_OF_TYPE: Readonly<Record<string, AnswerFormat>> = {
  'application/json': 'json',
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
}

/** The type with the highest weight, the first of several; JSON if none of them is named. */
export function acceptedFormat(accept: string | undefined): AnswerFormat {
  let format: AnswerFormat = 'json'
  let most = 0
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const stated = parameters.find((text) => text.startsWith('q='))?.slice(2)
    const weight = stated === undefined ? 1 : Number(stated)
    const named = FORMAT_OF_TYPE[type]
    if (named === undefined || !(weight > most)) continue
    most = weight
    format = named
  }
  return format
}
