/** Takes the place of an answer that did not come. */
import { failureText, isSilence, SILENCE_TEXT } from '../failure.ts'

export function Failed({
  failure,
  onAgain,
}: {
  readonly failure: unknown
  readonly onAgain: () => void
}) {
  return (
    <div class="failed" role="alert">
      <p>{isSilence(failure) ? SILENCE_TEXT : failureText(failure)}</p>
      <button type="button" onClick={onAgain}>
        Try again
      </button>
    </div>
  )
}
