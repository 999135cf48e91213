/** Chooses the period in view, which is in UTC and says so. */
import { DAY_SECONDS, instantOf, isoDay, periodText } from '../format/time.ts'
import { go, hrefOf, nowSeconds, show, view } from '../state/navigation.ts'
import {
  neighbour,
  PERIOD_DAYS_MAX,
  type Period,
  PRESET_NAMES,
  PRESETS,
  presetPeriod,
} from '../state/period.ts'
import { hasPeriod } from '../state/view.ts'

export function step(direction: -1 | 1): void {
  if (!hasPeriod(view.value)) return
  const period = neighbour(view.value.period, direction, nowSeconds())
  if (period !== null) show({ period, at: null })
}

export function RangePicker() {
  const { period } = view.value
  if (!hasPeriod(view.value)) return null
  const { start, end, preset } = period
  const hasNext = neighbour(period, 1, nowSeconds()) !== null

  function choose(event: SubmitEvent): void {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    const chosen = chosenPeriod(String(fields.get('from')), String(fields.get('to')))
    if (chosen === null) return
    if (chosen.end - chosen.start <= PERIOD_DAYS_MAX * DAY_SECONDS) {
      show({ period: chosen, at: null })
      return
    }
    const last = form.elements.namedItem('to') as HTMLInputElement
    last.setCustomValidity(`At most ${PERIOD_DAYS_MAX} days can be shown.`)
    last.reportValidity()
  }

  return (
    <div class="range">
      <button type="button" class="icon" aria-label="Period before" onClick={() => step(-1)}>
        ←
      </button>
      <details class="menu">
        <summary>
          {preset === null ? periodText(start, end) : PRESET_NAMES[preset]}
          <span class="zone">UTC</span>
        </summary>
        <div class="card popup">
          <ul>
            {PRESETS.map((name) => (
              <li key={name}>
                <a
                  href={hrefOf({ period: presetPeriod(name, nowSeconds()), at: null })}
                  aria-current={preset === name ? 'true' : undefined}
                >
                  {PRESET_NAMES[name]}
                </a>
              </li>
            ))}
          </ul>
          <form onSubmit={choose} onInput={allowAgain} key={`${start}-${end}`}>
            <label>
              From
              <input type="date" name="from" required value={isoDay(start)} />
            </label>
            <label>
              To, inclusive
              <input type="date" name="to" required value={isoDay(end - 1)} />
            </label>
            <button type="submit">Show</button>
            <p class="muted small">Days are those of UTC, as in every chart and export.</p>
          </form>
        </div>
      </details>
      <button
        type="button"
        class="icon"
        aria-label="Period after"
        disabled={!hasNext}
        onClick={() => step(1)}
      >
        →
      </button>
    </div>
  )
}

/** An objection to one date may have been due to the other. */
function allowAgain(event: Event): void {
  const form = event.currentTarget as HTMLFormElement
  for (const field of form.querySelectorAll('input')) field.setCustomValidity('')
}

/** Whichever of the two dates was chosen first. */
function chosenPeriod(from: string, to: string): Period | null {
  const days = [from, to].map((day) => instantOf(`${day}T00:00:00Z`)).sort((a, b) => a - b)
  const [start = Number.NaN, last = Number.NaN] = days
  if (Number.isNaN(start + last)) return null
  return { preset: null, start, end: last + DAY_SECONDS }
}

/** A click on a bar leads into its hour or day. */
export function zoom({ start, end }: { readonly start: number; readonly end: number }): void {
  go(hrefOf({ period: { preset: null, start, end }, granularity: null, at: null }))
}
