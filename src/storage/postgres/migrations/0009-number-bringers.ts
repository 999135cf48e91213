/** Numbers of SIMs are brought by the operator, and by accounts that it allows to. */
export const numberBringers = `
  ALTER TABLE account ADD COLUMN may_register_numbers bigint NOT NULL DEFAULT 0;
`
