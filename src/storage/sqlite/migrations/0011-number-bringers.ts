/** Numbers of SIMs are brought by the operator, and by accounts that it allows to. */
export const numberBringers = `
  ALTER TABLE account ADD COLUMN may_register_numbers INTEGER NOT NULL DEFAULT 0;
`
