/** What spreadsheets and the like make of numbers that are names, and how to tell. */

const REMEDY = 'export it as text and bring it again'

/** The end of a message about a number of which digits are lost. */
export const SHORTENED = `a spreadsheet has shortened this number, and digits of it are lost: ${REMEDY}`
export const ROUNDED = `its check digit is wrong and it ends in zeros, as a spreadsheet rounds long numbers: ${REMEDY}`
export const GROUPED = `its digits are grouped as those of an amount: ${REMEDY}`
export const MADE_DECIMAL = `a program has taken it for a decimal number: ${REMEDY}`

/** Spreadsheets keep this many digits of a number, and write zeros for the others. */
export const SPREADSHEET_DIGITS = 15

/**
 * True for `8.90126E+18`, in a list of names as well (`1|9.00001E+17`). One digit stands in front, and
 * spreadsheets write the sign: letters without it may be those of a hexadecimal number.
 */
export function isShortened(text: string): boolean {
  // Every record is asked, and hardly one has these two characters.
  return text.includes('E+') && /(?:^|\|)\d(?:[.,]\d+)?E\+\d{1,3}(?:\||$)/.test(text)
}
