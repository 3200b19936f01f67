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
  {
    number: 4,
    sql: `
      ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member'));
      ALTER TABLE users ADD COLUMN limits TEXT;
      ALTER TABLE users ADD COLUMN deleted_name TEXT;
      UPDATE users SET role = 'admin' WHERE name = 'admin' OR id IN (
        SELECT user_id FROM keys
        WHERE scopes LIKE '%"admin"%' OR scopes LIKE '%"metrics"%' OR scopes LIKE '%"agent"%'
      );
      ALTER TABLE keys ADD COLUMN limits TEXT;
      ALTER TABLE keys ADD COLUMN last_used_at INTEGER;
      ALTER TABLE keys ADD COLUMN previous_digest TEXT;
      ALTER TABLE keys ADD COLUMN previous_until INTEGER;
      CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        user TEXT,
        key_id TEXT,
        key_name TEXT,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL
      ) STRICT;
      CREATE INDEX audit_at ON audit (at);
      INSERT INTO marks (name, value) VALUES ('people', '1');
      CREATE TRIGGER users_inserted AFTER INSERT ON users
        BEGIN UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'people'; END;
      CREATE TRIGGER users_updated AFTER UPDATE ON users
        BEGIN UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'people'; END;
      CREATE TRIGGER users_deleted AFTER DELETE ON users
        BEGIN UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'people'; END;
      CREATE TRIGGER keys_inserted AFTER INSERT ON keys
        BEGIN UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'people'; END;
      CREATE TRIGGER keys_updated AFTER UPDATE ON keys WHEN new.last_used_at IS old.last_used_at
        BEGIN UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'people'; END;
      CREATE TRIGGER keys_deleted AFTER DELETE ON keys
        BEGIN UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'people'; END;
    `,
  },
  {
    number: 5,
    sql: `
      CREATE TABLE exchanges (
        id INTEGER PRIMARY KEY,
        exchange TEXT NOT NULL,
        at INTEGER NOT NULL,
        user TEXT,
        key_id TEXT,
        key_name TEXT,
        route TEXT NOT NULL,
        dialect TEXT NOT NULL,
        model_asked TEXT,
        model TEXT,
        upstream TEXT,
        agent TEXT,
        attempts INTEGER NOT NULL,
        status INTEGER NOT NULL,
        ending TEXT NOT NULL,
        error TEXT,
        cache TEXT,
        bytes_in INTEGER NOT NULL,
        bytes_out INTEGER NOT NULL,
        prompt_tokens INTEGER,
        completion_tokens INTEGER,
        cached_tokens INTEGER,
        queue_ms REAL NOT NULL,
        load_ms REAL,
        first_token_ms REAL,
        total_ms REAL NOT NULL,
        cost REAL NOT NULL
      ) STRICT;
      CREATE INDEX exchanges_at ON exchanges (at);
      CREATE TABLE usage_days (
        day TEXT NOT NULL,
        user TEXT NOT NULL,
        key_id TEXT NOT NULL,
        key_name TEXT NOT NULL,
        model TEXT NOT NULL,
        upstream TEXT NOT NULL,
        requests INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        cost REAL NOT NULL,
        PRIMARY KEY (day, user, key_id, model, upstream)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    // Names of users are used again. A key has one user for ever, and the keys that are gone are kept.
    number: 6,
    sql: `
      ALTER TABLE exchanges ADD COLUMN user_id TEXT;
      ALTER TABLE usage_days ADD COLUMN user_id TEXT;
      UPDATE usage_days SET user_id = (SELECT keys.user_id FROM keys WHERE keys.id = usage_days.key_id);
    `,
  },
  {
    // Secrets are kept as digests; with another secret of its key, what was begun with the one before is over.
    number: 7,
    sql: `
      CREATE TABLE console_sessions (
        digest TEXT PRIMARY KEY,
        key_id TEXT NOT NULL,
        key_digest TEXT NOT NULL,
        scopes TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE console_links (
        digest TEXT PRIMARY KEY,
        key_id TEXT NOT NULL,
        key_digest TEXT NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    number: 8,
    sql: `
      CREATE TABLE upstreams (
        name TEXT PRIMARY KEY,
        hold TEXT CHECK (hold IN ('draining', 'disabled')),
        terms TEXT
      ) STRICT;
    `,
  },
  {
    // Sums, with how many they are of: of days whose rows are gone nobody knows the times any more.
    number: 9,
    sql: `
      ALTER TABLE usage_days ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE usage_days ADD COLUMN queue_ms REAL NOT NULL DEFAULT 0;
      ALTER TABLE usage_days ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE usage_days ADD COLUMN first_token_ms REAL NOT NULL DEFAULT 0;
      UPDATE usage_days SET
        queued = known.queued, queue_ms = known.queue_ms,
        answered = known.answered, first_token_ms = known.first_token_ms
      FROM (
        SELECT date(at / 1000, 'unixepoch') AS day, coalesce(user, '') AS user, coalesce(key_id, '') AS key_id,
          coalesce(model, '') AS model, coalesce(upstream, '') AS upstream,
          count(*) AS queued, sum(queue_ms) AS queue_ms,
          sum(status < 400 AND completion_tokens IS NOT NULL AND first_token_ms IS NOT NULL) AS answered,
          total(CASE WHEN status < 400 AND completion_tokens IS NOT NULL THEN first_token_ms END) AS first_token_ms
        FROM exchanges WHERE attempts > 0 GROUP BY 1, 2, 3, 4, 5
      ) AS known
      WHERE usage_days.day = known.day AND usage_days.user = known.user AND usage_days.key_id = known.key_id
        AND usage_days.model = known.model AND usage_days.upstream = known.upstream;
    `,
  },
]
