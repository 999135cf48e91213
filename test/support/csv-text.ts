/** CSV read strictly by RFC 4180, independent of the code that writes it. */
import assert from 'node:assert/strict'

/** The cells of each line. Either every line must end with CRLF, or every line with LF. */
export function parseCsv(text: string): string[][] {
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const lines: string[][] = []
  let at = 0
  while (at < text.length) {
    const cells: string[] = []
    while (true) {
      const [cell, next] = text[at] === '"' ? quoted(text, at) : plain(text, at)
      cells.push(cell)
      at = next
      if (text[at] !== ',') break
      at++
    }
    assert.ok(text.startsWith(end, at), `line ${lines.length + 1} ends wrongly`)
    at += end.length
    lines.push(cells)
  }
  return lines
}

function plain(text: string, at: number): [string, number] {
  const [cell] = /^[^",\r\n]*/.exec(text.slice(at))!
  return [cell, at + cell.length]
}

function quoted(text: string, at: number): [string, number] {
  const [cell = ''] = /^"(?:[^"]|"")*"/.exec(text.slice(at)) ?? []
  assert.ok(cell !== '', 'a quote that is not closed')
  return [cell.slice(1, -1).replaceAll('""', '"'), at + cell.length]
}

/** Each line, keyed by the names in the first. */
export function csvRecords(text: string): Record<string, string>[] {
  const [header = [], ...lines] = parseCsv(text)
  return lines.map((cells) => {
    assert.equal(cells.length, header.length)
    return Object.fromEntries(header.map((name, index) => [name, cells[index]!]))
  })
}
