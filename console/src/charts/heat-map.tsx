/** Hours of the day by day of the week. */

import { mostOf } from '../format/quantity.ts'
import { WEEKDAYS } from '../format/time.ts'
import { Scrolling } from '../scrolling.tsx'

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

export function HeatMap({
  heat,
  amountText,
}: {
  readonly heat: readonly (readonly bigint[])[]
  readonly amountText: (amount: bigint) => string
}) {
  const most = mostOf(heat.flat())
  return (
    <Scrolling label="Hours of the week, UTC">
      <table class="heat">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Day</span>
            </th>
            {HOURS.map((hour) => (
              <th key={hour} scope="col">
                {hour % 3 === 0 ? hour : <span class="unseen">{hour}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {WEEKDAYS.map((day, index) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {heat[index]!.map((amount, hour) => (
                <td
                  key={hour}
                  class={`shade-${heatShade(amount, most)}`}
                  title={`${day} ${hour}:00 – ${hour + 1}:00 UTC: ${amountText(amount)}`}
                >
                  <span class="unseen">{amountText(amount)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}

/** From 0 to 5, in even steps. */
function heatShade(amount: bigint, most: bigint): number {
  return amount === 0n ? 0 : 1 + Number((amount * 49n) / (most * 10n))
}
