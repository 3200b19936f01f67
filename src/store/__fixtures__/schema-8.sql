-- A database of schema 8, with rows in every table.
PRAGMA application_id = 1668444780;

CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;
INSERT INTO migrations VALUES (1, 1700000000000);
INSERT INTO migrations VALUES (2, 1700000000000);
INSERT INTO migrations VALUES (3, 1700000000000);
INSERT INTO migrations VALUES (4, 1700000000000);
INSERT INTO migrations VALUES (5, 1700000000000);
INSERT INTO migrations VALUES (6, 1700000000000);
INSERT INTO migrations VALUES (7, 1700000000000);
INSERT INTO migrations VALUES (8, 1700000000000);

CREATE TABLE users (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
        created_at INTEGER NOT NULL
      , role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member')), limits TEXT, deleted_name TEXT) STRICT;
INSERT INTO users VALUES ('user_1', 'admin', 0, 1700000000000, 'admin', NULL, NULL);
INSERT INTO users VALUES ('user_2', 'ada', 0, 1700000001000, 'member', '{"requestsPerMinute":60}', NULL);
INSERT INTO users VALUES ('user_3', 'gone', 1, 1700000002000, 'member', NULL, NULL);
INSERT INTO users VALUES ('user_4', 'lab', 0, 1700000003000, 'admin', NULL, NULL);

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
      , pools TEXT, queue_class TEXT NOT NULL DEFAULT 'interactive'
        CHECK (queue_class IN ('interactive', 'batch')), queue_weight INTEGER NOT NULL DEFAULT 1 CHECK (queue_weight BETWEEN 1 AND 100), limits TEXT, last_used_at INTEGER, previous_digest TEXT, previous_until INTEGER) STRICT;
INSERT INTO keys VALUES ('key_1', 'first', 'user_1', '["chat","embed","models:read","models:write","admin","metrics"]', NULL, NULL, 1700000000000, NULL, NULL, 'key', '0000000000000000000000000000000000000000000000000000000000000001', 'aaaa', NULL, 'interactive', 1, NULL, NULL, NULL, NULL);
INSERT INTO keys VALUES ('key_2', 'laptop', 'user_2', '["chat","embed","models:read"]', '["qwen3*"]', '["gpu-1"]', 1700000001000, 1900000000000, NULL, 'key', '0000000000000000000000000000000000000000000000000000000000000002', 'bbbb', NULL, 'batch', 3, NULL, 1700000004000, '000000000000000000000000000000000000000000000000000000000000000e', 1700000009000);
INSERT INTO keys VALUES ('key_3', 'old laptop', 'user_2', '["chat"]', NULL, NULL, 1700000001500, NULL, 1700000005000, 'key', '0000000000000000000000000000000000000000000000000000000000000003', 'cccc', NULL, 'interactive', 1, NULL, NULL, NULL, NULL);
INSERT INTO keys VALUES ('key_4', 'cli', 'user_3', '["chat","models:read"]', NULL, NULL, 1700000002000, NULL, NULL, 'ssh', 'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f', '', NULL, 'interactive', 1, NULL, NULL, NULL, NULL);
INSERT INTO keys VALUES ('key_5', 'home', 'user_4', '["agent"]', NULL, NULL, 1700000003000, NULL, NULL, 'key', '0000000000000000000000000000000000000000000000000000000000000005', 'dddd', '["default","lab"]', 'interactive', 1, NULL, NULL, NULL, NULL);

CREATE TABLE marks (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT;
INSERT INTO marks VALUES ('people', '15');
INSERT INTO marks VALUES ('pepper', '00000000000000000000000000000000000000000000000000000000000000ff');

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
INSERT INTO audit VALUES (1, 1700000001000, 'admin', 'key_1', 'first', 'user.create', 'ada', '{}');
INSERT INTO audit VALUES (2, 1700000002000, NULL, NULL, NULL, 'key.create', 'home', '{}');

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
      , user_id TEXT) STRICT;
INSERT INTO exchanges VALUES (1, 'req_1', 1700000004000, 'ada', 'key_2', 'laptop', '/api/chat', 'ollama', 'qwen3:8b', 'qwen3:8b', 'gpu-1', NULL, 1, 200, 'complete', NULL, 'miss', 120, 3400, 12, 340, 4, 0.25, NULL, 41.5, 900.75, 0.5, NULL);
INSERT INTO exchanges VALUES (2, 'req_2', 1700000005000, 'env:AUTH_TOKEN', 'auth-token', 'AUTH_TOKEN', '/api/tags', 'ollama', NULL, NULL, NULL, NULL, 0, 401, 'refused', 'invalid_key', NULL, 0, 40, NULL, NULL, NULL, 0, NULL, NULL, 1.5, 0, NULL);

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
        cost REAL NOT NULL, user_id TEXT,
        PRIMARY KEY (day, user, key_id, model, upstream)
      ) STRICT, WITHOUT ROWID;
INSERT INTO usage_days VALUES ('2023-11-14', 'ada', 'key_2', 'laptop', 'qwen3:8b', 'gpu-1', 1, 0, 12, 340, 0.5, 'user_2');
INSERT INTO usage_days VALUES ('2023-11-14', 'ada', 'key_3', 'old laptop', '', '', 2, 1, 0, 0, 0, 'user_2');
INSERT INTO usage_days VALUES ('2023-11-14', 'env:AUTH_TOKEN', 'auth-token', 'AUTH_TOKEN', '', '', 1, 1, 0, 0, 0, NULL);

CREATE TABLE console_sessions (
        digest TEXT PRIMARY KEY,
        key_id TEXT NOT NULL,
        key_digest TEXT NOT NULL,
        scopes TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
      ) STRICT;
INSERT INTO console_sessions VALUES ('d1', 'key_1', 'k1', '["chat"]', 1700000000000, 1700000001000);

CREATE TABLE console_links (
        digest TEXT PRIMARY KEY,
        key_id TEXT NOT NULL,
        key_digest TEXT NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT;
INSERT INTO console_links VALUES ('d2', 'key_1', 'k1', 1700000060000);

CREATE TABLE upstreams (
        name TEXT PRIMARY KEY,
        hold TEXT CHECK (hold IN ('draining', 'disabled')),
        terms TEXT
      ) STRICT;
INSERT INTO upstreams VALUES ('gpu-1', 'draining', NULL);

CREATE UNIQUE INDEX keys_active_name ON keys (name) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX keys_active_digest ON keys (digest) WHERE revoked_at IS NULL;
CREATE INDEX keys_user ON keys (user_id);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX exchanges_at ON exchanges (at);
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
