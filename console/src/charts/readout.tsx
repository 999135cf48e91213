/** Describes the bar below the cursor. */
import { DAY_SECONDS, periodText } from '../format/time.ts'
import type { Bucket, Layer } from './buckets.ts'

export function Readout({
  bucket,
  layers,
  before,
  amountText,
  isOpen,
  left,
  width,
}: {
  readonly bucket: Bucket
  readonly layers: readonly Layer[]
  readonly before: bigint | null
  readonly amountText: (amount: bigint) => string
  readonly isOpen: boolean
  /** The bar's position, in pixels. */
  readonly left: number
  readonly width: number
}) {
  const beside = left > width / 2 ? `${left - 12}px - var(--width)` : `${left + 12}px`
  // Stays within the chart, even on a phone.
  const style = { left: `clamp(0px, ${beside}, 100% - var(--width))` }
  return (
    <div class="readout" style={style} aria-hidden="true">
      <strong>{periodText(bucket.start, bucket.end)} UTC</strong>
      {bucket.end - bucket.start < DAY_SECONDS && <span class="muted">{viewersTime(bucket)}</span>}
      <dl>
        {layers.map(({ key, name }, index) => (
          <div key={key}>
            <dt>
              <i class={`swatch ${key}`} /> {name}
            </dt>
            <dd>{amountText(bucket.values[index]!)}</dd>
          </div>
        ))}
        <div class="sum">
          <dt>Total</dt>
          <dd>{amountText(bucket.total)}</dd>
        </div>
        {before !== null && (
          <div>
            <dt>
              <i class="swatch before" /> Before
            </dt>
            <dd>{amountText(before)}</dd>
          </div>
        )}
      </dl>
      {isOpen && <span class="muted">May still grow</span>}
    </div>
  )
}

/** The only local time: everything else is in UTC. */
function viewersTime({ start, end }: Bucket): string {
  const options = {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const
  const local = new Intl.DateTimeFormat('en', options)
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (zone === 'UTC') return ''
  return `${local.format(start * 1000)} – ${local.format(end * 1000).replace(/^\S+ /, '')} in ${zone}`
}
