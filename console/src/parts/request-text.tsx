/** The request that gets the same numbers without the console, to copy. */
import { API_ROOT } from '../base.ts'
import { view } from '../state/navigation.ts'
import { granularityOf } from '../state/period.ts'
import { Copy } from './copy.tsx'
import { chartPixels } from './over-time.tsx'
import { Panel } from './panel.tsx'
import { requestTexts } from './request-texts.ts'
import type { Sim } from './sim-search.tsx'

export function RequestText({ sim }: { readonly sim: Sim }) {
  const { period, granularity: wanted } = view.value
  const granularity = granularityOf(period, { wanted, pixels: chartPixels() })
  const texts = requestTexts({ root: API_ROOT, sim: sim.sid, period, granularity })
  return (
    <Panel size="wide" title="The same as a request">
      <p class="muted small">What the chart shows, by the API. Credentials are yours to fill in.</p>
      <div class="requests">
        {texts.map(({ name, text }) => (
          <Copied key={name} name={name} text={text} />
        ))}
      </div>
    </Panel>
  )
}

function Copied({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <figure class="request">
      <figcaption>
        {name} <Copy text={text} name={name} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre tabIndex={0}>{text}</pre>
    </figure>
  )
}
