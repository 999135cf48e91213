/** Sessions of the console, and links that begin one. */
export const consoleSessions = `
  CREATE TABLE console_session (
    token_hash     text COLLATE "C" PRIMARY KEY,
    credential_sid text COLLATE "C" NOT NULL,
    -- Of the credential, when the session began.
    secret_hash    text NOT NULL,
    created_at     bigint NOT NULL,
    idle_until     bigint NOT NULL,
    expires_at     bigint NOT NULL
  );
  CREATE INDEX console_session_by_credential ON console_session (credential_sid, created_at);

  CREATE TABLE console_link (
    code_hash      text COLLATE "C" PRIMARY KEY,
    credential_sid text COLLATE "C" NOT NULL,
    secret_hash    text NOT NULL,
    expires_at     bigint NOT NULL
  );
`
