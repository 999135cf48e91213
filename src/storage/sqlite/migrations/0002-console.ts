/** Sessions of the console, and links that begin one. */
export const consoleSessions = `
  CREATE TABLE console_session (
    token_hash     TEXT PRIMARY KEY,
    credential_sid TEXT NOT NULL,
    -- Of the credential, when the session began.
    secret_hash    TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    idle_until     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX console_session_by_credential ON console_session (credential_sid, created_at);

  CREATE TABLE console_link (
    code_hash      TEXT PRIMARY KEY,
    credential_sid TEXT NOT NULL,
    secret_hash    TEXT NOT NULL,
    expires_at     INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`
