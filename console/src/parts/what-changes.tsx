/** How a dry run would change usage: by month and zone, and by SIM. */
import type { Schema } from '../api/server.ts'
import { countryName } from '../format/country.ts'
import { bytesChangeText, countChangeText, countText, exactBytesText } from '../format/quantity.ts'
import { instantOf, monthText } from '../format/time.ts'
import { zoneName } from '../format/zone.ts'
import { Scrolling } from '../scrolling.tsx'
import { accounts, isOperator } from '../state/accounts.ts'
import { byteUnits } from '../state/preferences.ts'
import { simHref } from './sim-search.tsx'

type Changes = Pick<Schema<'UndoDryRun'>, 'changed_sims' | 'months' | 'changes'>

const SIMS_SHOWN_MAX = 20

export function WhatChanges({ of }: { readonly of: Changes }) {
  const { changed_sims: sims, months, changes } = of
  if (months.length === 0) return <p class="muted">No usage would change.</p>
  const shown = changes.slice(0, SIMS_SHOWN_MAX)
  return (
    <>
      <Scrolling label="Changes by month">
        <table class="changes">
          <thead>
            <tr>
              <th scope="col">Month (UTC)</th>
              {isOperator.value && <th scope="col">Account</th>}
              <th scope="col">Zone</th>
              <Titles />
            </tr>
          </thead>
          <tbody>
            {months.map((row) => (
              <tr key={`${row.account_sid} ${row.month} ${row.zone}`}>
                <th scope="row">{monthText(instantOf(`${row.month}-01T00:00:00Z`))}</th>
                {isOperator.value && <td>{accountName(row.account_sid)}</td>}
                <td>{zoneName(row.zone)}</td>
                <Amounts of={row} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <details class="reason">
        <summary>
          SIMs that change <span class="muted">{countText(sims)}</span>
        </summary>
        <Scrolling label="Changes by SIM">
          <table class="changes">
            <thead>
              <tr>
                <th scope="col">SIM</th>
                <th scope="col">Where</th>
                <Titles />
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <tr key={`${row.sim_sid} ${row.zone} ${row.country_code}`}>
                  <th scope="row">
                    <a href={simHref(row.sim_sid)}>{row.sim_sid}</a>
                  </th>
                  <td>
                    {zoneName(row.zone)}
                    {row.country_code !== null && `, ${countryName(row.country_code)}`}
                  </td>
                  <Amounts of={row} />
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolling>
        {shown.length < changes.length && (
          <p class="muted small">The first {SIMS_SHOWN_MAX}. The API’s dry run has more.</p>
        )}
      </details>
    </>
  )
}

function accountName(sid: string): string {
  return accounts.value?.find((account) => account.sid === sid)?.name ?? sid
}

function Titles() {
  return (
    <>
      <th scope="col">Data</th>
      <th scope="col">Commands</th>
    </>
  )
}

type Differences = Pick<Changes['months'][number], 'upload' | 'download' | 'to_sim' | 'from_sim'>

function Amounts({ of }: { readonly of: Differences }) {
  const [upload, download] = [BigInt(of.upload), BigInt(of.download)]
  return (
    <>
      <td title={`${exactBytesText(download)} down, ${exactBytesText(upload)} up`}>
        {bytesChangeText(download + upload, byteUnits.value)}
      </td>
      <td>{countChangeText(BigInt(of.to_sim) + BigInt(of.from_sim))}</td>
    </>
  )
}
