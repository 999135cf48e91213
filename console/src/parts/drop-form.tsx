/** A form that takes a file, dropped on it or chosen. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

export function DropForm({
  label,
  prompt,
  inputLabel,
  accept,
  file,
  isOff,
  onFile,
  onSubmit,
  children,
}: {
  readonly label: string
  /** Shown while there is no file. */
  readonly prompt: string
  readonly inputLabel: string
  /** The files that the browser offers; all files if undefined. */
  readonly accept?: string
  readonly file: File | null
  /** True while the file must not be replaced. */
  readonly isOff: boolean
  readonly onFile: (file: File) => void
  readonly onSubmit?: () => void
  readonly children?: ComponentChildren
}) {
  const isOver = useSignal(false)
  const take = (files: FileList | null | undefined) => {
    const first = files?.[0]
    if (first !== undefined && !isOff) onFile(first)
  }
  return (
    <form
      class={isOver.value && !isOff ? 'deliver over' : 'deliver'}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit?.()
      }}
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
        take(event.dataTransfer?.files)
      }}
    >
      <label class="file">
        {file === null ? prompt : file.name}
        <input
          type="file"
          {...(accept !== undefined && { accept })}
          disabled={isOff}
          aria-label={inputLabel}
          onChange={(event) => {
            take(event.currentTarget.files)
            // Allows choosing the same file again after it has changed.
            event.currentTarget.value = ''
          }}
        />
      </label>
      {children}
    </form>
  )
}
