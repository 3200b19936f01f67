export interface Migration {
  /** Counts up from 1 without gaps; a released one is never changed. */
  readonly number: number
  readonly sql: string
}

/** Forward only. Times are milliseconds since the epoch, lists are JSON. */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE users (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        user_id TEXT NOT NULL REFERENCES users (id),
        scopes TEXT NOT NULL,
        models TEXT,
        upstreams TEXT,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        revoked_at INTEGER,
        kind TEXT NOT NULL CHECK (kind IN ('key', 'ssh')),
        digest TEXT NOT NULL,
        hint TEXT NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX keys_active_name ON keys (name) WHERE revoked_at IS NULL;
      CREATE UNIQUE INDEX keys_active_digest ON keys (digest) WHERE revoked_at IS NULL;
      CREATE INDEX keys_user ON keys (user_id);
      CREATE TABLE marks (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    number: 2,
    sql: `
      ALTER TABLE keys ADD COLUMN pools TEXT;
      UPDATE keys SET pools = '["default"]' WHERE scopes = '["agent"]';
    `,
  },
  {
    number: 3,
    sql: `
      ALTER TABLE keys ADD COLUMN queue_class TEXT NOT NULL DEFAULT 'interactive'
        CHECK (queue_class IN ('interactive', 'batch'));
      ALTER TABLE keys ADD COLUMN queue_weight INTEGER NOT NULL DEFAULT 1 CHECK (queue_weight BETWEEN 1 AND 100);
    `,
  },
]
