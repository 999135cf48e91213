/** Delivers a file to a feed: dropped here or chosen, with the progress of what the server has taken. */
import { useSignal } from '@preact/signals'
import { parseExact } from '../api/exact-json.ts'
import type { Schema } from '../api/server.ts'
import { API_ROOT } from '../base.ts'
import { countText } from '../format/quantity.ts'
import { askAgain } from '../state/answer.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { Panel } from './panel.tsx'

type Delivery = Schema<'Delivery'>

export function Deliver() {
  const file = useSignal<File | null>(null)
  const sent = useSignal<number | null>(null)
  const result = useSignal<Delivery | null>(null)
  const failure = useSignal<string | null>(null)
  const isOver = useSignal(false)

  const take = (chosen: File | undefined) => {
    file.value = chosen ?? null
    result.value = null
    failure.value = null
  }

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get('feed')).trim()
    if (file.value === null) return
    sent.value = 0
    failure.value = null
    try {
      result.value = await deliver(name, file.value, (share) => {
        sent.value = share
      })
      file.value = null
      askAgain()
    } catch (error) {
      failure.value = (error as Error).message
    } finally {
      sent.value = null
    }
  }

  return (
    <Panel size="wide" title="Deliver a file">
      <form
        class={isOver.value ? 'deliver over' : 'deliver'}
        onSubmit={submit}
        onDragOver={(event) => {
          event.preventDefault()
          isOver.value = true
        }}
        onDragLeave={() => {
          isOver.value = false
        }}
        onDrop={(event) => {
          event.preventDefault()
          isOver.value = false
          take(event.dataTransfer?.files[0])
        }}
      >
        <label class="file">
          {file.value === null ? 'Drop a file here, or choose one' : file.value.name}
          <input
            type="file"
            onChange={(event) => take(event.currentTarget.files?.[0])}
            aria-label="File to deliver"
          />
        </label>
        <label>
          Feed
          <input name="feed" required defaultValue={view.value.filters.feed ?? ''} />
        </label>
        <button type="submit" class="primary" disabled={file.value === null || sent.value !== null}>
          Deliver
        </button>
      </form>
      {sent.value !== null && (
        <p role="status">
          <progress value={sent.value} max={1} aria-label="Sent" />{' '}
          {sent.value < 1 ? `${Math.floor(sent.value * 100)} % sent` : 'All sent; being counted …'}
        </p>
      )}
      {result.value !== null && <Result of={result.value} />}
      <p class="failure" role="alert">
        {failure}
      </p>
    </Panel>
  )
}

function Result({ of }: { readonly of: Delivery }) {
  return (
    <p class="notice" role="status">
      {countText(of.records)} records: {countText(of.accepted)} counted, {countText(of.duplicate)}{' '}
      duplicates, {countText(of.replaced)} replaced, {countText(of.quarantined)} in quarantine.{' '}
      <a href={hrefOf({ page: 'import', subject: of.import })}>Look at it</a>
    </p>
  )
}

/** By `XMLHttpRequest`, because `fetch` does not tell how much has been sent. Rejects with what to show. */
function deliver(feed: string, file: File, onSent: (share: number) => void): Promise<Delivery> {
  const { promise, resolve, reject } = Promise.withResolvers<Delivery>()
  const request = new XMLHttpRequest()
  request.open('POST', `${API_ROOT}v1/Feeds/${encodeURIComponent(feed)}/Records`)
  request.setRequestHeader('Simtally-Console', '1')
  request.setRequestHeader('Content-Type', typeOf(file.name))
  request.upload.onprogress = ({ loaded, total }) => onSent(total === 0 ? 1 : loaded / total)
  request.onload = () => {
    const body = bodyOf(request.responseText)
    if (request.status < 300) return resolve(body as Delivery)
    reject(new Error(body.message ?? `The server answered ${request.status}.`))
  }
  request.onerror = () =>
    reject(
      new Error(
        'The connection broke. Deliver the file again: what was counted stays counted once.',
      ),
    )
  request.send(file)
  return promise
}

function bodyOf(text: string): Partial<Delivery> & { readonly message?: string } {
  try {
    return parseExact(text) as Partial<Delivery>
  } catch {
    return {}
  }
}

/** The server knows packed files by their first bytes, and other formats by the feed. */
function typeOf(name: string): string {
  if (/\.csv(\.gz)?$/i.test(name)) return 'text/csv'
  if (/\.(nd|j)sonl?(\.gz)?$|\.ndjson(\.gz)?$/i.test(name)) return 'application/x-ndjson'
  return 'application/octet-stream'
}
