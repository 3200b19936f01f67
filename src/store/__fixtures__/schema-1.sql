-- A database of schema 1, with rows in every table.
PRAGMA application_id = 1668444780;

CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;
INSERT INTO migrations VALUES (1, 1700000000000);

CREATE TABLE users (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
        created_at INTEGER NOT NULL
      ) STRICT;
INSERT INTO users VALUES ('user_1', 'admin', 0, 1700000000000);
INSERT INTO users VALUES ('user_2', 'ada', 0, 1700000001000);
INSERT INTO users VALUES ('user_3', 'gone', 1, 1700000002000);
INSERT INTO users VALUES ('user_4', 'lab', 0, 1700000003000);

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
INSERT INTO keys VALUES ('key_1', 'first', 'user_1', '["chat","embed","models:read","models:write","admin","metrics"]', NULL, NULL, 1700000000000, NULL, NULL, 'key', '0000000000000000000000000000000000000000000000000000000000000001', 'aaaa');
INSERT INTO keys VALUES ('key_2', 'laptop', 'user_2', '["chat","embed","models:read"]', '["qwen3*"]', '["gpu-1"]', 1700000001000, 1900000000000, NULL, 'key', '0000000000000000000000000000000000000000000000000000000000000002', 'bbbb');
INSERT INTO keys VALUES ('key_3', 'old laptop', 'user_2', '["chat"]', NULL, NULL, 1700000001500, NULL, 1700000005000, 'key', '0000000000000000000000000000000000000000000000000000000000000003', 'cccc');
INSERT INTO keys VALUES ('key_4', 'cli', 'user_3', '["chat","models:read"]', NULL, NULL, 1700000002000, NULL, NULL, 'ssh', 'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f', '');
INSERT INTO keys VALUES ('key_5', 'home', 'user_4', '["agent"]', NULL, NULL, 1700000003000, NULL, NULL, 'key', '0000000000000000000000000000000000000000000000000000000000000005', 'dddd');

CREATE TABLE marks (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT;
INSERT INTO marks VALUES ('pepper', '00000000000000000000000000000000000000000000000000000000000000ff');

CREATE UNIQUE INDEX keys_active_name ON keys (name) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX keys_active_digest ON keys (digest) WHERE revoked_at IS NULL;
CREATE INDEX keys_user ON keys (user_id);
