/** Registers SIMs from a list, after showing line by line what that would do. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { countText } from '../format/quantity.ts'
import { Scrolling } from '../scrolling.tsx'
import { accountSid, isOperator } from '../state/accounts.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { session } from '../state/session.ts'
import { Failure, useAct } from './act.tsx'
import { DropForm } from './drop-form.tsx'
import { Answered, Panel } from './panel.tsx'

type Outcome = Schema<'SimListOutcome'>

/** In the order in which lists usually have them. */
const COLUMNS =
  'iccid, imsi, msisdn, sid, unique_name, friendly_name, home_plmns, home_countries, group, labels, since'

export function SimList() {
  const own = session.value?.account?.sid ?? null
  const answer = useAnswer(own === null ? null : `may register ${own}`, (signal) =>
    answerOf(server.GET('/v1/Accounts/{Sid}', { params: { path: { Sid: own! } }, signal })),
  )
  return (
    <Panel size="wide" title="SIMs from a list" isForActing>
      {isOperator.value ? (
        accountSid.value === null ? (
          <p class="empty">Make an account first: SIMs belong to one.</p>
        ) : (
          <Form key={accountSid.value} />
        )
      ) : (
        <Answered answer={answer} lines={3}>
          {(account) =>
            account.may_register_numbers ? (
              <Form />
            ) : (
              <p class="empty">
                SIMs and their numbers are registered by the operator of the server. Names, status,
                groups and labels can be changed on the page of each SIM.
              </p>
            )
          }
        </Answered>
      )}
    </Panel>
  )
}

/** What a file would do, or has done; null while the answer is pending. */
interface Taken {
  readonly file: File
  readonly outcome: Outcome | null
}

function Form() {
  const taken = useSignal<Taken | null>(null)
  const act = useAct()
  const file = taken.value?.file ?? null
  const outcome = taken.value?.outcome ?? null
  const isPreview = outcome?.dry_run === true
  const isRegistering = act.isBusy && isPreview

  /** If two files are taken in a row, the first is forgotten, whatever its answer. */
  const take = (chosen: File) => {
    taken.value = { file: chosen, outcome: null }
    void act.supersede(async (signal) => {
      const answer = await sendList(chosen, { dryRun: true, signal })
      signal.throwIfAborted()
      taken.value = { file: chosen, outcome: answer }
    })
  }

  const register = async (shown: File) => {
    const isDone = await act.run(async () => {
      taken.value = { file: shown, outcome: await sendList(shown, { dryRun: false }) }
    })
    if (isDone) askAgain()
  }

  const count = outcome === null ? 0 : outcome.created + outcome.updated + outcome.unchanged
  return (
    <>
      <DropForm
        label="List of SIMs"
        prompt="Drop a CSV file here, or choose one"
        inputLabel="CSV file with SIMs"
        accept=".csv,.gz,text/csv"
        file={outcome?.dry_run === false ? null : file}
        isOff={isRegistering}
        onFile={take}
      />
      <p class="muted small">
        Columns: {COLUMNS}. One of iccid and imsi is required. Registered SIMs are updated by their
        lines. Nothing is done before you have seen the effect.
      </p>
      <p role="status">
        {act.isBusy && (isRegistering ? 'Registering the list …' : 'Reading the list …')}
      </p>
      <Failure of={act} />
      {outcome !== null && <Told of={outcome} />}
      {isPreview && file !== null && (
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={act.isBusy || outcome.faults > 0 || count === 0}
            onClick={() => register(file)}
          >
            Register the list
          </button>
          {outcome.faults > 0 && (
            <span class="muted">Mend the lines above, and choose the file again.</span>
          )}
        </div>
      )}
    </>
  )
}

async function sendList(
  file: File,
  options: { readonly dryRun: boolean; readonly signal?: AbortSignal },
): Promise<Outcome> {
  const { dryRun, signal } = options
  const query = { ...(accountSid.value !== null && { AccountSid: accountSid.value }) }
  return answerOf(
    server.POST(dryRun ? '/v1/SimLists/DryRun' : '/v1/SimLists', {
      params: { query },
      body: '',
      // Sent unchanged, whatever its encoding.
      bodySerializer: () => file,
      headers: { 'Content-Type': 'text/csv' },
      ...(signal !== undefined && { signal }),
    }),
  )
}

function Told({ of }: { readonly of: Outcome }) {
  const { dry_run: isPreview, created, updated, unchanged, faults, warnings, assigned } = of
  const would = isPreview ? 'would be ' : ''
  return (
    <>
      <p class="notice" role="status">
        {faults === 0
          ? `${countText(created)} ${created === 1 ? 'SIM' : 'SIMs'} ${would}made, ${countText(updated)} ${would}changed, ${countText(unchanged)} ${isPreview ? 'stay' : 'stayed'} as they are.`
          : `${countText(faults)} ${faults === 1 ? 'fault' : 'faults'}: the list cannot be registered.`}
        {assigned !== null && ` ${countText(assigned.changed)} got another group or label.`}
      </p>
      {warnings.map((warning) => (
        <p key={warning} class="muted">
          {warning}
        </p>
      ))}
      {of.errors.length > 0 && (
        <Lines
          label="Faults"
          rows={of.errors.map(({ line, message }) => ({ line, cells: [message] }))}
          columns={['What is wrong']}
          total={faults}
        />
      )}
      {of.preview.length > 0 && (
        <Lines
          label="What the list would do"
          columns={['Effect', 'ICCID', 'IMSI', 'Unique name', 'Friendly name', 'Group']}
          rows={of.preview.map((row) => ({
            line: row.line,
            cells: [
              ...[row.effect, row.iccid, row.imsi],
              ...[row.unique_name, row.friendly_name, row.group],
            ],
          }))}
          total={created + updated + unchanged}
        />
      )}
    </>
  )
}

function Lines({
  label,
  columns,
  rows,
  total,
}: {
  readonly label: string
  readonly columns: readonly string[]
  readonly rows: readonly { readonly line: number; readonly cells: readonly (string | null)[] }[]
  readonly total: number
}) {
  return (
    <>
      <Scrolling label={label}>
        <table class="words">
          <thead>
            <tr>
              <th scope="col">Line</th>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ line, cells }) => (
              <tr key={`${line} ${cells[0]}`}>
                <th scope="row">{countText(line)}</th>
                {columns.map((column, index) => (
                  <td key={column}>{cells[index] ?? ''}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      {rows.length < total && (
        <p class="muted small">
          The first {countText(rows.length)} of {countText(total)} lines.
        </p>
      )}
    </>
  )
}
