/** Keys: created with a secret that is shown once, listed without it, and revoked. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { dayText, instantOf, momentText } from '../format/time.ts'
import { Scrolling } from '../scrolling.tsx'
import { accountSid, isOperator } from '../state/accounts.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { session } from '../state/session.ts'
import { Dialog, Failure, fieldsOf, Secret, useAct } from './act.tsx'
import { Answered, Choice, Panel } from './panel.tsx'

type Key = Schema<'Key'>

const SCOPES = [
  { scope: 'read', may: 'look' },
  { scope: 'ingest', may: 'look and deliver' },
  { scope: 'admin', may: 'do everything' },
] as const

/** The owner of the keys. An account sees only its own, so it names no owner. */
type Owner = { AccountSid: string } | { Operator: 'true' } | Record<string, never>

export function Keys() {
  const whose = useSignal<'account' | 'operator'>('account')
  const revoking = useSignal<Key | null>(null)
  const made = useSignal<Schema<'NewKey'> | null>(null)
  const account = accountSid.value
  const owner: Owner =
    isOperator.value && (whose.value === 'operator' || account === null)
      ? { Operator: 'true' }
      : account === null
        ? {}
        : { AccountSid: account }
  const answer = useAnswer(`keys ${JSON.stringify(owner)}`, (signal) =>
    answerOf(server.GET('/v1/Keys', { params: { query: { ...owner, PageSize: '1000' } }, signal })),
  )
  return (
    <Panel
      size="wide"
      title="Keys"
      aside={
        isOperator.value && (
          <Choice
            label="Whose keys"
            value={'Operator' in owner ? 'operator' : 'account'}
            options={[
              { value: 'account', name: 'The account’s', off: account === null },
              { value: 'operator', name: 'The operator’s' },
            ]}
            onChoose={(chosen) => {
              whose.value = chosen
            }}
          />
        )
      }
    >
      <Answered
        answer={answer}
        isEmpty={({ keys }) => keys.length === 0}
        empty="No key yet. Give each system that asks or delivers a key of its own."
      >
        {({ keys }) => (
          <KeyTable
            keys={keys}
            onRevoke={(key) => {
              revoking.value = key
            }}
          />
        )}
      </Answered>
      <NewKey
        owner={owner}
        onMade={(key) => {
          made.value = key
          askAgain()
        }}
      />
      {made.value !== null && (
        <Secret
          title={`The new key${made.value.label === '' ? '' : `: ${made.value.label}`}`}
          facts={[
            ['Key SID', made.value.sid],
            ['Secret', made.value.secret],
          ]}
          onKept={() => {
            made.value = null
          }}
        />
      )}
      {revoking.value !== null && (
        <Revoke
          of={revoking.value}
          onClose={() => {
            revoking.value = null
          }}
        />
      )}
    </Panel>
  )
}

function KeyTable({
  keys,
  onRevoke,
}: {
  readonly keys: readonly Key[]
  readonly onRevoke: (key: Key) => void
}) {
  return (
    <Scrolling label="Keys, as a table">
      <table class="words">
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col">Scope</th>
            <th scope="col">SID</th>
            <th scope="col">Made</th>
            <th scope="col">Last used (UTC, to the hour)</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.sid} class={key.date_revoked === null ? '' : 'gone'}>
              <th scope="row">{key.label || 'not said'}</th>
              <td>{key.scope}</td>
              <td>
                <code>{key.sid}</code>
              </td>
              <td>{dayText(instantOf(key.date_created))}</td>
              <td>{moment(key.date_last_used, 'never')}</td>
              <td>
                {key.date_revoked === null ? (
                  <button type="button" onClick={() => onRevoke(key)}>
                    Revoke …<span class="unseen"> {key.label || key.sid}</span>
                  </button>
                ) : (
                  `revoked ${dayText(instantOf(key.date_revoked))}`
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}

function moment(iso: string | null, otherwise: string): string {
  return iso === null ? otherwise : momentText(instantOf(iso))
}

function NewKey({
  owner,
  onMade,
}: {
  readonly owner: Owner
  readonly onMade: (key: Schema<'NewKey'>) => void
}) {
  const act = useAct()
  const submit = (event: SubmitEvent) => {
    const field = fieldsOf(event)
    const form = event.currentTarget as HTMLFormElement
    void act.run(async () => {
      const body = { ...owner, Scope: field('scope'), Label: field('label') }
      onMade(await answerOf(server.POST('/v1/Keys', { body })))
      form.reset()
    })
  }
  return (
    <>
      <form class="row" onSubmit={submit} aria-label="New key">
        <label>
          What it is for
          <input
            name="label"
            required
            maxLength={64}
            placeholder="billing job"
            autocomplete="off"
          />
        </label>
        <label>
          It may
          <select name="scope">
            {SCOPES.map(({ scope, may }) => (
              <option key={scope} value={scope}>
                {may} ({scope})
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary" disabled={act.isBusy}>
          Make a key
        </button>
      </form>
      <Failure of={act} />
    </>
  )
}

function Revoke({ of, onClose }: { readonly of: Key; readonly onClose: () => void }) {
  const act = useAct()
  const isOwn = of.sid === session.value?.credential_sid
  const revoke = () =>
    void act.run(async () => {
      const path = { Sid: of.sid }
      await answerOf(server.POST('/v1/Keys/{Sid}/Revoke', { params: { path } }))
      onClose()
      askAgain()
    })
  return (
    <Dialog title={`Revoke ${of.label || of.sid}`} onClose={onClose}>
      <p>
        What uses this key is refused at once, and it cannot be taken back.{' '}
        {isOwn
          ? 'You are signed in with it: your session ends too.'
          : of.date_last_used === null
            ? 'It has never been used.'
            : `It was last used ${moment(of.date_last_used, '')} UTC.`}
      </p>
      <Failure of={act} />
      <div class="actions">
        <button type="button" class="danger" disabled={act.isBusy} onClick={revoke}>
          Revoke the key
        </button>
        <button type="button" onClick={onClose}>
          Keep it
        </button>
      </div>
    </Dialog>
  )
}
