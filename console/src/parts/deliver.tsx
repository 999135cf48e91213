/** Delivers a file to a feed: dropped here or chosen, tried out first, then counted. */
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { deliver, type Sending, tryDelivery } from '../api/deliver.ts'
import { type Schema, SimtallyError } from '../api/server.ts'
import { failureText } from '../failure.ts'
import { countText } from '../format/quantity.ts'
import { askAgain } from '../state/answer.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { withFilter } from '../state/view.ts'
import { DropForm } from './drop-form.tsx'
import { Panel } from './panel.tsx'
import { WhatChanges } from './what-changes.tsx'

type Delivery = Schema<'Delivery'>
type DryRun = Schema<'DeliveryDryRun'>

type Step =
  | { readonly name: 'choosing' }
  | { readonly name: 'trying'; readonly sent: number }
  /** Without a report if the file is too large for a dry run. */
  | { readonly name: 'tried'; readonly report: DryRun | null }
  | {
      readonly name: 'importing'
      readonly report: DryRun | null
      readonly sent: number
      /** Null while the list of imports does not say. */
      readonly counted: number | null
    }
  | { readonly name: 'done'; readonly delivery: Delivery }

/** A delivery, from choosing a file to counting it. */
function useDelivery(firstFeed: string) {
  const file = useSignal<File | null>(null)
  const feed = useSignal(firstFeed)
  const step = useSignal<Step>({ name: 'choosing' })
  const failure = useSignal<string | null>(null)
  const trial = useRef<AbortController | null>(null)

  /** The dry run was of another file, or for another feed. */
  const beginAnew = () => {
    step.value = { name: 'choosing' }
    failure.value = null
  }
  const take = (chosen: File | null) => {
    trial.current?.abort()
    file.value = chosen
    beginAnew()
  }

  async function tryOut(): Promise<void> {
    const sending = sendingOf((sent) => {
      step.value = { name: 'trying', sent }
    })
    if (sending === null) return
    const abort = new AbortController()
    const { signal } = abort
    trial.current = abort
    failure.value = null
    step.value = { name: 'trying', sent: 0 }
    try {
      const report = await tryDelivery(sending, signal)
      if (!signal.aborted) step.value = { name: 'tried', report }
    } catch (error) {
      if (signal.aborted) return
      failure.value = failureText(error)
      const isTooMuch = error instanceof SimtallyError && error.status === 413
      step.value = isTooMuch ? { name: 'tried', report: null } : { name: 'choosing' }
    }
  }

  async function importFile(report: DryRun | null): Promise<void> {
    const importing = (change: { readonly sent?: number; readonly counted?: number | null }) => {
      const before = step.value.name === 'importing' ? step.value : { sent: 0, counted: null }
      step.value = { name: 'importing', report, ...before, ...change }
    }
    const sending = sendingOf((sent) => importing({ sent }))
    if (sending === null) return
    failure.value = null
    importing({})
    try {
      const delivery = await deliver(sending, (counted) => importing({ counted }))
      step.value = { name: 'done', delivery }
      file.value = null
    } catch (error) {
      step.value = { name: 'tried', report }
      failure.value =
        error instanceof SimtallyError
          ? failureText(error)
          : 'The connection broke. Import the file again once the server answers: nothing counts twice.'
    }
    askAgain()
  }

  function sendingOf(onSent: (share: number) => void): Sending | null {
    const name = feed.value.trim()
    return file.value === null || name === '' ? null : { feed: name, file: file.value, onSent }
  }

  return { file, feed, step, failure, beginAnew, take, tryOut, importFile }
}

/** `feeds` are the names of the known feeds, for users who may see them. */
export function Deliver({ feeds }: { readonly feeds: readonly string[] }) {
  const firstFeed = view.value.filters.feed ?? (feeds.length === 1 ? feeds[0]! : '')
  const { file, feed, step, failure, beginAnew, take, tryOut, importFile } = useDelivery(firstFeed)
  const isBusy = step.value.name === 'trying' || step.value.name === 'importing'
  return (
    <Panel size="wide" title="Deliver a file" isForActing>
      <DropForm
        label="Delivery"
        prompt="Drop a file here, or choose one"
        inputLabel="File to deliver"
        file={file.value}
        isOff={step.value.name === 'importing'}
        onFile={take}
        onSubmit={() => void tryOut()}
      >
        <label>
          Feed
          <input
            name="feed"
            required
            list="feeds"
            disabled={isBusy}
            value={feed}
            onInput={(event) => {
              feed.value = event.currentTarget.value
              beginAnew()
            }}
          />
          <datalist id="feeds">
            {feeds.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </label>
        <button type="submit" class="primary" disabled={file.value === null || isBusy}>
          Try it out
        </button>
      </DropForm>
      <Progress of={step.value} />
      <p class="failure" role="alert">
        {failure}
      </p>
      {step.value.name === 'tried' && (
        <Tried report={step.value.report} onImport={importFile} onCancel={() => take(null)} />
      )}
      {step.value.name === 'done' && <Result of={step.value.delivery} />}
    </Panel>
  )
}

function Progress({ of }: { readonly of: Step }) {
  if (of.name !== 'trying' && of.name !== 'importing') return null
  // Records are counted while the rest of the file is still being sent.
  if (of.name === 'importing' && of.counted !== null) return <Counted {...of} of={of.counted} />
  if (of.sent < 1) {
    return (
      <p role="status">
        <progress value={of.sent} max={1} aria-label="Sent" /> {Math.floor(of.sent * 100)} % sent
      </p>
    )
  }
  return (
    <p role="status">
      <progress aria-label="Counted" /> All sent;{' '}
      {of.name === 'trying' ? 'being tried out' : 'being counted'} …
    </p>
  )
}

function Counted({ of, report }: { readonly of: number; readonly report: DryRun | null }) {
  return (
    <p role="status">
      <progress aria-label="Counted" {...(report !== null && { value: of, max: report.records })} />{' '}
      {countText(of)}
      {report !== null && ` of ${countText(report.records)}`} records counted
    </p>
  )
}

function Tried({
  report,
  onImport,
  onCancel,
}: {
  readonly report: DryRun | null
  readonly onImport: (report: DryRun | null) => Promise<void>
  readonly onCancel: () => void
}) {
  return (
    <section class="tried" aria-label="What would change">
      {report !== null && <Report of={report} />}
      <div class="actions">
        <button type="button" class="primary" onClick={() => void onImport(report)}>
          {report === null ? 'Import without a dry run' : 'Import'}
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </section>
  )
}

function Report({ of }: { readonly of: DryRun }) {
  return (
    <>
      <p role="status">
        <strong>Nothing is counted yet.</strong> {countText(of.records)} records to {of.feed} would
        come to:
      </p>
      <dl class="facts verdicts">
        {verdictsOf(of).map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{countText(count)}</dd>
          </div>
        ))}
      </dl>
      {of.warnings.map((warning) => (
        <p class="notice" key={warning}>
          {warning}
        </p>
      ))}
      {of.quarantined > 0 && (
        <details class="reason">
          <summary>
            Would wait in quarantine{' '}
            <span class="muted">
              {of.quarantined_by
                .map(
                  ({ reason, records }) => `${countText(records)} ${reason.replaceAll('_', ' ')}`,
                )
                .join(', ')}
            </span>
          </summary>
          <ul>
            {of.errors.map(({ line, reason, detail }) => (
              <li key={`${line} ${reason}`}>
                <strong>Line {countText(line)}</strong> {detail}
              </li>
            ))}
          </ul>
          {of.quarantined > of.errors.length && (
            <p class="muted small">The first {of.errors.length}.</p>
          )}
        </details>
      )}
      <WhatChanges of={of} />
    </>
  )
}

type Verdicts = Pick<
  Delivery,
  'records' | 'accepted' | 'duplicate' | 'replaced' | 'quarantined' | 'expired'
>

function verdictsOf(of: Verdicts): (readonly [string, number])[] {
  return [
    ['Counted', of.accepted],
    ['Duplicates', of.duplicate],
    ['Replaced', of.replaced],
    ['Quarantined', of.quarantined],
    ['Expired', of.expired],
  ]
}

function Result({ of }: { readonly of: Delivery }) {
  return (
    <p class="notice" role="status">
      {countText(of.records)} records: {countText(of.accepted)} counted, {countText(of.duplicate)}{' '}
      duplicates, {countText(of.replaced)} replaced, {countText(of.quarantined)} in quarantine.{' '}
      <a href={hrefOf({ page: 'import', subject: of.import })}>Look at it</a>, or at{' '}
      <a href={hrefOf({ ...withFilter(view.value, 'feed', of.feed), page: 'fleet' })}>
        the usage of its feed
      </a>
    </p>
  )
}
