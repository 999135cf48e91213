/** What spreadsheets do to numbers that are names, and how to tell. */

const REMEDY = 'export it as text and import it again'

/** The end of a message about a number that has lost digits. */
export const SHORTENED = `a spreadsheet has shortened this number, and digits are lost: ${REMEDY}`
export const ROUNDED = `its check digit is wrong and it ends in zeros, as a spreadsheet rounds long numbers: ${REMEDY}`
export const GROUPED = `its digits are grouped like an amount: ${REMEDY}`
export const MADE_DECIMAL = `a program has taken it for a decimal number: ${REMEDY}`

/** Spreadsheets keep this many digits of a number, and write zeros for the rest. */
export const SPREADSHEET_DIGITS = 15

/**
 * True for `8.90126E+18`, also in a list of names (`1|9.00001E+17`). Spreadsheets write one digit in
 * front and always the sign; an E without a sign may be a hexadecimal digit.
 */
export function isShortened(text: string): boolean {
  // This runs for every record, and hardly any has these two characters.
  return text.includes('E+') && /(?:^|\|)\d(?:[.,]\d+)?E\+\d{1,3}(?:\||$)/.test(text)
}
