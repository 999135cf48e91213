/** The request for a SIM's usage, in the languages of other programs. */
import { isoText } from '../format/time.ts'
import type { Granularity, Period } from '../state/period.ts'

export function requestTexts({
  root,
  sim,
  period,
  granularity,
}: {
  /** The root of the API, with a slash at the end. */
  readonly root: string
  readonly sim: string
  readonly period: Pick<Period, 'start' | 'end'>
  readonly granularity: Granularity
}): { readonly name: string; readonly text: string }[] {
  const [start, end] = [isoText(period.start), isoText(period.end)]
  const url = `${root}v1/Sims/${sim}/UsageRecords?Start=${start}&End=${end}&Granularity=${granularity}`
  return [
    { name: 'curl', text: `curl -u "$ACCOUNT_SID:$AUTH_TOKEN" \\\n  '${url}'` },
    {
      name: 'twilio for Node.js',
      text: [
        `const client = require('twilio')(accountSid, authToken)`,
        `client.wireless.baseUrl = '${root.replace(/\/$/, '')}'`,
        `const records = await client.wireless.v1.sims('${sim}').usageRecords.list({`,
        `  start: new Date('${start}'),`,
        `  end: new Date('${end}'),`,
        `  granularity: '${granularity}',`,
        `})`,
      ].join('\n'),
    },
  ]
}
