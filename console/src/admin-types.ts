// Written by scripts/generate-admin-types.ts from the schemas of src/admin: change those, then `npm run docs:gen`.

export type AuditEntry = {
  at: string
  /** Who did it; null: at the machine, with the command line */
  user: string | null
  /** Name of the key that was used */
  key: string | null
  key_id: string | null
  /** Such as key.create; refused: somebody tried who may not */
  action: string
  /** The user or key that it was done to; the route that was refused */
  subject: string
  detail: Record<string, unknown>
}

export type ConsoleLink = {
  /** Logs in once */
  link: string
  /** The same as a path of the gateway; behind the # it is sent nowhere */
  url: string
  expires_at: string
  user: string
  key_name: string
}

export type ConsoleSession = {
  user: string
  role: 'admin' | 'member'
  /** Of the key that it was opened with */
  scopes: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
  key_name: string
  /** Goes with every change, in the header corral-csrf */
  csrf: string
  /** Later with each use, and at most seven days from the start */
  expires_at: string
  /** False: it came over plain HTTP from elsewhere, where browsers drop the cookie */
  secure: boolean
}

export type CreatedKey = {
  id: string
  name: string
  user: string
  kind: 'key' | 'ssh'
  scopes: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
  models: string[] | null
  upstreams: string[] | null
  /** Pools of agents; null for every other key */
  pools: string[] | null
  class: 'interactive' | 'batch'
  weight: number
  limits: Limits
  created_at: string
  expires_at: string | null
  revoked_at: string | null
  /** To the minute; null: never */
  last_used_at: string | null
  /** Until when the secret before the last rotation works */
  old_secret_until: string | null
  /** disabled: its user is */
  state: 'active' | 'expired' | 'revoked' | 'disabled'
  /** The last characters of the secret */
  hint: string
  /** Said here and never again */
  secret: string
}

export type CreatedUser = {
  user: User
  key: CreatedKey
}

export type EffectiveConfig = {
  /** Null: there is none */
  file: string | null
  /** When what holds was read */
  read_at: string
  settings: {
    /** Such as auth.key_file or upstreams[0].url */
    name: string
    /** As written; secrets are redacted */
    value: unknown
    source: 'flag' | 'env' | 'file' | 'default'
    /** The flag, the variable, or file:line:column */
    detail: string
  }[]
  /** What can be meant and probably is not */
  warnings: string[]
  /** Settings that were changed and do not hold yet */
  needs_restart: string[]
  /** The last reload, where it was refused: what held before still holds */
  refused: {
    at: string
    problems: string[]
  } | null
}

export type Exchange = {
  /** As in the header x-request-id */
  id: string
  /** Null: nobody was let in */
  user: string | null
  key_name: string | null
  method: string
  path: string
  dialect: 'ollama' | 'openai' | 'responses' | 'anthropic' | null
  /** Null where the request names none, or is still being read */
  model_asked: string | null
  /** The one that answers, or was asked last */
  model: string | null
  /** The one that answers, or was asked last */
  upstream: string | null
  /** queued: being read, or waits for a slot; sent: an upstream was asked; streaming: its answer has begun */
  state: 'queued' | 'sent' | 'streaming' | 'ended'
  /** In the queue: 1 is next; null: it does not wait there */
  position: number | null
  started_at: string
  /** How often an upstream was asked */
  attempts: number
  /** What the cache had to do with it; null: it was not asked */
  cache: 'hit' | 'miss' | 'coalesced' | 'bypass' | null
  /** Until an upstream was asked; null: none was yet */
  queue_ms: number | null
  /** Until the first byte of the answer; null: not yet */
  first_token_ms: number | null
  /** Null until it has ended */
  total_ms: number | null
  /** Pieces of the answer that were passed on */
  chunks: number
  /** As the upstream says, which is at the end */
  prompt_tokens: number | null
  /** Of the answer: counted here while it streams, about; then as the upstream says */
  tokens: number | null
  /** Since the first of them */
  tokens_per_second: number | null
  /** What the client was sent; null: nothing yet */
  status: number | null
  /** Null until it has ended */
  ending:
    | 'complete'
    | 'refused'
    | 'client-gone'
    | 'upstream-failed'
    | 'budget-exhausted'
    | 'key-revoked'
    | 'stopped'
    | 'shutting-down'
    | 'timed-out'
    | null
  /** Code of the error that the client was told */
  error: string | null
}

export type Exchanges = {
  /** On the clock of the gateway */
  at: string
  /** The oldest first */
  running: Exchange[]
  /** The newest first */
  ended: Exchange[]
}

export type FleetModels = {
  upstreams: {
    name: string
    /** Of an agent */
    pool: string | null
    /** It has no disk that models could be pulled to */
    provider: boolean
    /** unknown: not probed yet; draining: it finishes what runs there and gets nothing new */
    state: 'up' | 'down' | 'unknown' | 'draining' | 'disabled'
    fault: string | null
    /** Null: its list was never read */
    models:
      | {
          name: string
          /** Bytes on the disk; null: the upstream does not say */
          size: number | null
          digest: string | null
          /** It was in memory when the upstream was asked last */
          loaded: boolean
          /** How many, such as 8.2B, as the upstream says */
          parameters: string | null
          /** Such as Q4_K_M */
          quantization: string | null
          /** When it came there, as the upstream says */
          modified_at: string | null
        }[]
      | null
    /** What `models.desired` wants there; null: it says nothing of this upstream */
    desired: string[] | null
    /** Models that `models.assignments` sends there, or to its pool */
    assigned: string[]
  }[]
  /** The same by model */
  models: {
    name: string
    /** Under this one name there are different files */
    differs: boolean
    upstreams: {
      /** Of the upstream */
      name: string
      /** missing: `models.desired` wants it there, and it is not */
      state: 'there' | 'loaded' | 'missing'
      size: number | null
      digest: string | null
    }[]
  }[]
}

export type ImportedKeys = {
  imported: Key[]
  /** How many were in the store already */
  known: number
}

export type Job = {
  id: string
  kind: 'pull' | 'delete' | 'sync'
  /** Null: several */
  model: string | null
  /** failed: some step was not done */
  state: 'running' | 'done' | 'failed' | 'cancelled'
  /** Who began it; null: with a key of no user */
  user: string | null
  key_name: string | null
  started_at: string
  ended_at: string | null
  steps: {
    upstream: string
    action: 'pull' | 'remove'
    model: string
    /** skipped: there was no space left for an earlier one */
    state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled'
    /** In the upstream's own words */
    status: string
    /** Of the layers that it has told of so far */
    total_bytes: number | null
    completed_bytes: number | null
    /** Over the last seconds; null where nothing is moved */
    bytes_per_second: number | null
    error: string | null
  }[]
}

export type Key = {
  id: string
  name: string
  user: string
  kind: 'key' | 'ssh'
  scopes: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
  models: string[] | null
  upstreams: string[] | null
  /** Pools of agents; null for every other key */
  pools: string[] | null
  class: 'interactive' | 'batch'
  weight: number
  limits: Limits
  created_at: string
  expires_at: string | null
  revoked_at: string | null
  /** To the minute; null: never */
  last_used_at: string | null
  /** Until when the secret before the last rotation works */
  old_secret_until: string | null
  /** disabled: its user is */
  state: 'active' | 'expired' | 'revoked' | 'disabled'
  /** The last characters of the secret */
  hint: string
}

export type LimitUse = {
  /** Whose limit it is */
  scope: 'key' | 'user' | 'model'
  /** Of the key, the user or the model */
  name: string
  limit:
    | 'requests_per_minute'
    | 'concurrent'
    | 'tokens_per_minute'
    | 'tokens_per_day'
    | 'tokens_per_month'
    | 'money_per_month'
  /** How much there is */
  most: number
  used: number
  /** Set aside for what runs, beside what is used */
  reserved: number
  /** When it is whole again; null where that is no matter of time, or nothing was used */
  resets_at: string | null
}

export type Limits = {
  requests_per_minute?: number
  concurrent?: number
  tokens_per_minute?: number
  tokens_per_day?: number
  tokens_per_month?: number
  money_per_month?: number
}

export type LiveExchanges = {
  /** On the clock of the gateway */
  at: string
  /** Whether `began` is all that runs: what was known before and is not among it is over */
  whole: boolean
  began: Exchange[]
  changed: Exchange[]
  /** The oldest first. What has begun and ended since the last event is here only */
  ended: Exchange[]
}

export type LiveHello = {
  version: string
  /** Of the gateway: another one than before is another process */
  started_at: string
  user: string
  /** member: the exchanges are those of the user alone */
  role: 'admin' | 'member'
}

export type LiveLog = {
  /** Lines that are not remembered any more */
  missed: number
  /** The oldest first */
  lines: LogLine[]
}

export type LogLine = {
  /** Counts up from the start of the gateway */
  number: number
  at: string
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  message: string
  /** What the line says besides */
  fields: Record<string, unknown>
}

export type Logs = {
  /** From which level on the gateway logs at all */
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** The newest first */
  lines: LogLine[]
}

export type RouteExplanation = {
  /** After aliases and fallbacks */
  model: string
  /** The upstream that would get it now */
  selected: string | null
  upstreams: {
    name: string
    eligible: boolean
    reason: string
    /** Null where it was dropped */
    expected_ms: {
      /** Until a slot is free */
      queue: number
      load: number
      prefill: number
      network: number
      total: number
    } | null
  }[]
  /** The model as it was asked for; `model` is the one that would run */
  asked: string
  /** What makes it another than was asked for */
  because: 'alias' | 'fallback' | null
  /** Nobody has the model: a request would be a 404 */
  missing: boolean
  /** The model that a fallback stands in for, and what speaks against each upstream */
  instead_of: {
    model: string
    upstreams: {
      name: string
      eligible: boolean
      reason: string
      /** Null where it was dropped */
      expected_ms: {
        /** Until a slot is free */
        queue: number
        load: number
        prefill: number
        network: number
        total: number
      } | null
    }[]
  } | null
}

export type Self = {
  user: {
    id: string
    name: string
    role: 'admin' | 'member'
    limits: Limits
  }
  key: Key
  /** What is used now of each limit of this key and of its user */
  limits: LimitUse[]
}

export type ShownUser = {
  user: User
  keys: Key[]
}

export type Upstream = {
  name: string
  /** Empty for an agent */
  url: string
  /** added: at run time, kept in the store; only such a one can be removed */
  origin: 'config' | 'added' | 'agent'
  /** It is no Ollama: it loads nothing and has no disk */
  provider: boolean
  /** What an admin has set until it is enabled again; null: nothing */
  held: 'draining' | 'disabled' | null
  /** waking: it was sent for and has not come up yet; null: nothing says how to wake it */
  wake: 'ready' | 'waking' | null
  /** Why it is down */
  fault: string | null
  /** Null: not behind an agent */
  agent: {
    pool: string
    host: string
    address: string
    transport: 'ws' | 'sse'
    software: string
    connected: boolean
    /** When it connected last */
    connected_at: string
    round_trip_ms: number | null
  } | null
  /** unknown: not probed yet; draining: it finishes what runs there and gets nothing new */
  state: 'up' | 'down' | 'unknown' | 'draining' | 'disabled'
  version: string | null
  priority: number
  /** What its models may take; null: nothing is said */
  memory_bytes: number | null
  /** Its last health probe took longer than max_response_time */
  slow: boolean
  /** Exchanges at this upstream now */
  running: number
  /** Requests in the queue that it could take */
  waiting: number
  /** Learnt; null until then */
  round_trip_ms: number | null
  /** Learnt from loads; null until then */
  load_bytes_per_second: number | null
  models: string[]
  loaded: {
    model: string
    state: 'loading' | 'loaded'
    /** As the upstream says; null: not seen loaded yet */
    memory_bytes: number | null
    /** When it unloads the model if nobody asks; null: not known */
    expires_at: string | null
    /** Requests that have a slot */
    running: number
    /** Requests at once, stated or learnt; null: not bounded */
    slots: number | null
    /** How fast it reads; null until learnt */
    prefill_tokens_per_second: number | null
    /** How fast it writes; null until learnt */
    decode_tokens_per_second: number | null
  }[]
}

export type Usage = {
  user?: string | null
  /** Its name; keys are told apart by their ids */
  key?: string | null
  /** Null where the requests named none */
  model?: string | null
  /** Null where none was asked */
  upstream?: string | null
  /** YYYY-MM-DD, in UTC */
  day?: string
  requests: number
  /** Answered with an error, or broken off; a client that left is none */
  errors: number
  prompt_tokens: number
  completion_tokens: number
  /** In the currency of models.prices */
  cost: number
  /** Mean time until an upstream was asked; null: it is not known of any of them */
  queue_ms: number | null
  /** Mean time until the first byte of answers that have tokens; null: it is not known of any of them */
  first_token_ms: number | null
}

export type User = {
  id: string
  name: string
  role: 'admin' | 'member'
  state: 'active' | 'disabled'
  limits: Limits
  created_at: string
  /** Keys that would be accepted now */
  active_keys: number
  /** Of any of its keys */
  last_used_at: string | null
}

export type WholeStatus = {
  version: string
  started_at: string
  uptime_seconds: number
  upstreams: Upstream[]
  /** Requests that wait here for a slot */
  queue: {
    waiting: number
    longest_wait_ms: number
    models: {
      model: string
      waiting: number
      longest_wait_ms: number
    }[]
  }
  /** Where users and keys are kept */
  store: {
    /** Why nothing can be changed now */
    problem: string | null
  }
  /** The ledger since the start */
  ledger: {
    policy: 'best-effort' | 'required'
    written: number
    /** Rows in memory */
    waiting: number
    /** How long the oldest of these exchanges has been over */
    lag_ms: number
    /** Rows that found no room in memory */
    lost: number
    /** Null: it can be written */
    failing_since: string | null
    problem: string | null
  }
  /** The hundred of which most is used, the fullest first */
  limits: LimitUse[]
}

/** Every route that can be asked, with what it takes and answers. */
export interface AdminRoutes {
  /** List the users */
  'GET /admin/users': { input: null; output: User[] }
  /** Create a user and a first key */
  'POST /admin/users': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
      /** when omitted: what its scopes need */
      role?: 'admin' | 'member'
      /** Of all keys of the user together */
      limits?: {
        requests_per_minute?: number
        /** At a time, those that wait in the queue included */
        concurrent?: number
        /** Prompt and answer together */
        tokens_per_minute?: number
        tokens_per_day?: number
        tokens_per_month?: number
        /** By the prices in the config */
        money_per_month?: number
      } | null
      /** What the key may do; chat, embed and models:read when omitted */
      scopes?: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
      /** Models it may use, globs allowed; null is every local model */
      models?: string[] | null
      /** Names of the upstreams it may reach; null is all */
      upstreams?: string[] | null
      /** The key ends by itself after this long; null is never */
      expires_in_seconds?: number | null
      /** The same as a time; one of the two is enough */
      expires_at?: string | null
      /** Whether it waits before all batch keys in the queue; interactive when omitted */
      class?: 'interactive' | 'batch'
      /** Its share of the upstreams while others of its class wait too; 1 when omitted */
      weight?: number
    }
    output: CreatedUser
  }
  /** Show a user, given by name or id, with all keys */
  'GET /admin/users/:id': { input: null; output: ShownUser }
  /** Change a user's role or limits; what is not named stays */
  'POST /admin/users/change': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
      /** A member loses the scopes admin, metrics and agent on every key */
      role?: 'admin' | 'member'
      /** Null takes all away; a limit that is null goes */
      limits?: {
        requests_per_minute?: number | null
        concurrent?: number | null
        tokens_per_minute?: number | null
        tokens_per_day?: number | null
        tokens_per_month?: number | null
        money_per_month?: number | null
      } | null
    }
    output: User
  }
  /** End a user's keys and running streams until the user is enabled again */
  'POST /admin/users/disable': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
    }
    output: User
  }
  /** Let a disabled user's keys in again */
  'POST /admin/users/enable': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
    }
    output: User
  }
  /** Delete a user, given by name or id: the keys and running streams end, and the name is free again */
  'DELETE /admin/users/:id': { input: null; output: User }
  /** List the keys, never their secrets */
  'GET /admin/keys': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      user?: string
    }
    output: Key[]
  }
  /** Create a key; the answer is the only place that ever has its secret */
  'POST /admin/keys': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
      /** Whose key it is; admin when omitted */
      user?: string
      /** What the key may do; chat, embed and models:read when omitted */
      scopes?: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
      /** Models it may use, globs allowed; null is every local model */
      models?: string[] | null
      /** Names of the upstreams it may reach; null is all */
      upstreams?: string[] | null
      /** The key ends by itself after this long; null is never */
      expires_in_seconds?: number | null
      /** The same as a time; one of the two is enough */
      expires_at?: string | null
      /** Whether it waits before all batch keys in the queue; interactive when omitted */
      class?: 'interactive' | 'batch'
      /** Its share of the upstreams while others of its class wait too; 1 when omitted */
      weight?: number
      /** Of this key alone */
      limits?: {
        requests_per_minute?: number
        /** At a time, those that wait in the queue included */
        concurrent?: number
        /** Prompt and answer together */
        tokens_per_minute?: number
        tokens_per_day?: number
        tokens_per_month?: number
        /** By the prices in the config */
        money_per_month?: number
      } | null
      /** Of a key with scope agent: the pools its agents may join; default when omitted */
      pools?: string[] | null
      /** Shape of the secret; crl when omitted */
      format?: 'crl' | 'ollama-uuid'
    }
    output: CreatedKey
  }
  /** Show a key, given by id or name, never its secret */
  'GET /admin/keys/:id': { input: null; output: Key }
  /** Change what a key may reach, how much, and until when; what is not named stays */
  'POST /admin/keys/change': {
    input: {
      /** Its id or name */
      key: string
      /** Models it may use, globs allowed; null is every local model */
      models?: string[] | null
      /** Names of the upstreams it may reach; null is all */
      upstreams?: string[] | null
      /** The key ends by itself after this long; null is never */
      expires_in_seconds?: number | null
      /** The same as a time; one of the two is enough */
      expires_at?: string | null
      /** Whether it waits before all batch keys in the queue; interactive when omitted */
      class?: 'interactive' | 'batch'
      /** Its share of the upstreams while others of its class wait too; 1 when omitted */
      weight?: number
      /** Null takes all away; a limit that is null goes */
      limits?: {
        requests_per_minute?: number | null
        concurrent?: number | null
        tokens_per_minute?: number | null
        tokens_per_day?: number | null
        tokens_per_month?: number | null
        money_per_month?: number | null
      } | null
    }
    output: Key
  }
  /** Give a key a new secret; the old one works until the overlap is over */
  'POST /admin/keys/rotate': {
    input: {
      /** Its id or name */
      key: string
      /** How long the old secret opens the key too; 0 ends it, and what runs with it, at once */
      overlap_seconds?: number
    }
    output: CreatedKey
  }
  /** Let an Ollama CLI in by its ed25519 public key */
  'POST /admin/keys/ssh': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
      /** Whose key it is; admin when omitted */
      user?: string
      /** What the key may do; chat, embed and models:read when omitted */
      scopes?: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
      /** Models it may use, globs allowed; null is every local model */
      models?: string[] | null
      /** Names of the upstreams it may reach; null is all */
      upstreams?: string[] | null
      /** The key ends by itself after this long; null is never */
      expires_in_seconds?: number | null
      /** The same as a time; one of the two is enough */
      expires_at?: string | null
      /** Whether it waits before all batch keys in the queue; interactive when omitted */
      class?: 'interactive' | 'batch'
      /** Its share of the upstreams while others of its class wait too; 1 when omitted */
      weight?: number
      /** Of this key alone */
      limits?: {
        requests_per_minute?: number
        /** At a time, those that wait in the queue included */
        concurrent?: number
        /** Prompt and answer together */
        tokens_per_minute?: number
        tokens_per_day?: number
        tokens_per_month?: number
        /** By the prices in the config */
        money_per_month?: number
      } | null
      /** The line of id_ed25519.pub */
      public_key: string
    }
    output: Key
  }
  /** Accept keys that were made elsewhere, as they are */
  'POST /admin/keys/import': {
    input: {
      /** authTokens.json, or one OLLAMA-UUID key per line */
      text: string
      /** Whose key it is; admin when omitted */
      user?: string
      /** What the key may do; chat, embed and models:read when omitted */
      scopes?: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
      /** Models it may use, globs allowed; null is every local model */
      models?: string[] | null
      /** Names of the upstreams it may reach; null is all */
      upstreams?: string[] | null
      /** The key ends by itself after this long; null is never */
      expires_in_seconds?: number | null
      /** The same as a time; one of the two is enough */
      expires_at?: string | null
      /** Whether it waits before all batch keys in the queue; interactive when omitted */
      class?: 'interactive' | 'batch'
      /** Its share of the upstreams while others of its class wait too; 1 when omitted */
      weight?: number
      /** Of this key alone */
      limits?: {
        requests_per_minute?: number
        /** At a time, those that wait in the queue included */
        concurrent?: number
        /** Prompt and answer together */
        tokens_per_minute?: number
        tokens_per_day?: number
        tokens_per_month?: number
        /** By the prices in the config */
        money_per_month?: number
      } | null
    }
    output: ImportedKeys
  }
  /** End a key, given by id or name, and its running streams */
  'DELETE /admin/keys/:id': { input: null; output: Key }
  /** Say whose key this is and what it may do */
  'GET /admin/me': { input: null; output: Self }
  /** List the keys of the same user */
  'GET /admin/me/keys': { input: null; output: Key[] }
  /** Create another key of the same user; what is omitted is as with the key that asks */
  'POST /admin/me/keys': {
    input: {
      /** up to 64 letters, digits, spaces or . _ @ + -, beginning with a letter or digit */
      name: string
      /** What the key may do; chat, embed and models:read when omitted */
      scopes?: ('chat' | 'embed' | 'models:read' | 'models:write' | 'admin' | 'metrics' | 'agent')[]
      /** Models it may use, globs allowed; null is every local model */
      models?: string[] | null
      /** Names of the upstreams it may reach; null is all */
      upstreams?: string[] | null
      /** The key ends by itself after this long; null is never */
      expires_in_seconds?: number | null
      /** The same as a time; one of the two is enough */
      expires_at?: string | null
      /** Whether it waits before all batch keys in the queue; interactive when omitted */
      class?: 'interactive' | 'batch'
      /** Its share of the upstreams while others of its class wait too; 1 when omitted */
      weight?: number
      /** Of this key alone */
      limits?: {
        requests_per_minute?: number
        /** At a time, those that wait in the queue included */
        concurrent?: number
        /** Prompt and answer together */
        tokens_per_minute?: number
        tokens_per_day?: number
        tokens_per_month?: number
        /** By the prices in the config */
        money_per_month?: number
      } | null
    }
    output: CreatedKey
  }
  /** Give one of the own keys a new secret; the old one works until the overlap is over */
  'POST /admin/me/keys/rotate': {
    input: {
      /** Its id or name */
      key: string
      /** How long the old secret opens the key too; 0 ends it, and what runs with it, at once */
      overlap_seconds?: number
    }
    output: CreatedKey
  }
  /** End one of the own keys, given by id or name, and its running streams */
  'DELETE /admin/me/keys/:id': { input: null; output: Key }
  /** List what was done to users and keys, and by whom, the newest first */
  'GET /admin/audit': {
    input: {
      /** Only what is not older than this */
      since_seconds?: number
      /** How many at most, the newest */
      limit?: number
    }
    output: AuditEntry[]
  }
  /** Say how the gateway and its upstreams are */
  'GET /admin/status': { input: null; output: WholeStatus }
  /** Say where a request for a model would go now, and why not elsewhere */
  'GET /admin/route/explain': {
    input: {
      /** As a client would name it */
      model: string
      /** Length of the prompt */
      prompt_tokens?: number
    }
    output: RouteExplanation
  }
  /** List the models on each upstream, and those that should be there */
  'GET /admin/models': { input: null; output: FleetModels }
  /** Pull a model on upstreams, as a job of the gateway */
  'POST /admin/models/pull': {
    input: {
      model: string
      /** Names of upstreams, or of pools for all their agents; * for all that are no providers */
      upstreams: string[]
    }
    output: Job
  }
  /** Remove a model from upstreams, as a job of the gateway; * is all that have it */
  'POST /admin/models/delete': {
    input: {
      model: string
      /** Names of upstreams, or of pools for all their agents; * for all that are no providers */
      upstreams: string[]
    }
    output: Job
  }
  /** Bring the upstreams in step with `models.desired`, as a job of the gateway */
  'POST /admin/models/sync': {
    input: {
      /** Remove what `models.desired` does not want there, too */
      prune?: boolean
      /** Only say what would be done */
      dry_run?: boolean
    }
    output: {
      /** Upstreams of which `models.desired` says nothing are left alone */
      plan: {
        upstream: string
        pulls: {
          model: string
          /** As far as some upstream has it */
          bytes: number | null
        }[]
        removals: {
          model: string
          /** As far as some upstream has it */
          bytes: number | null
          /** No upstream would have it afterwards but by a pull */
          last_copy: boolean
          /** The config sends requests for it there */
          assigned: boolean
        }[]
        /** What its models take */
        bytes_now: number
        /** Why nothing can be done there */
        problem: string | null
      }[]
      /** Null: nothing is to be done, or only the plan was asked for */
      job: Job | null
    }
  }
  /** List the changes of models that the gateway carries out, and the last ones that have ended */
  'GET /admin/jobs': {
    input: null
    output: {
      /** The newest first: those that run, and the last that have ended */
      jobs: Job[]
    }
  }
  /** Cancel what of a job is not done; what was pulled so far is kept for the next pull */
  'DELETE /admin/jobs/:id': { input: null; output: Job }
  /** Add an Ollama, which is kept in the store; one of the same name in the config goes before it */
  'POST /admin/upstreams': {
    input: {
      name: string
      /** Such as http://10.0.0.5:11434, without credentials */
      url: string
      /** Lower is preferred; default 1 */
      priority?: number
      /** What its models may take, such as 24GB; default: no limit */
      memory?: string | number
      /** Requests that one loaded model answers at a time; default auto */
      slots?: string | number
      /** How its machine is woken by Wake-on-LAN, as in the config */
      wake?: {
        mac: string
        address?: string
        port?: number
        wait?: string
      }
      /** Only look whether it is there; default false */
      dry_run?: boolean
    }
    output: {
      /** Null: nothing was added, as was asked for */
      upstream: Upstream | null
      /** How it answered; one that did not is added all the same */
      probe: {
        /** It answered as an Ollama does */
        reachable: boolean
        version: string | null
        /** Null: it gave no list */
        models: string[] | null
        took_ms: number | null
        fault: string | null
      }
    }
  }
  /** Remove an upstream that was added at run time; what runs there comes to its end */
  'DELETE /admin/upstreams/:name': { input: null; output: Upstream }
  /** Send an upstream nothing new, and let what runs there come to its end */
  'POST /admin/upstreams/:name/drain': { input: null; output: Upstream }
  /** Use an upstream as if it were not there, until it is enabled again */
  'POST /admin/upstreams/:name/disable': { input: null; output: Upstream }
  /** Use an upstream again that was drained or disabled */
  'POST /admin/upstreams/:name/enable': { input: null; output: Upstream }
  /** Wake an upstream's machine by Wake-on-LAN, and ask for it until it is up or its time is over */
  'POST /admin/upstreams/:name/wake': { input: null; output: Upstream }
  /** Say what was used, from the ledger */
  'GET /admin/usage': {
    input: {
      /** What the sums are told apart by: some of user, key, model, upstream, day, with commas between */
      by?: string
      /** From when on. Where single rows are not kept any more, from the beginning of that day (UTC) on */
      since?: string
    }
    output: Usage[]
  }
  /** Say what the caller has used, with all keys together */
  'GET /admin/me/usage': {
    input: {
      /** What the sums are told apart by: some of user, key, model, upstream, day, with commas between */
      by?: string
      /** From when on. Where single rows are not kept any more, from the beginning of that day (UTC) on */
      since?: string
    }
    output: Usage[]
  }
  /** List the exchanges that run and those that ended last; an admin sees everybody's */
  'GET /admin/exchanges': {
    input: {
      /** How many of those that have ended, at most */
      last?: number
    }
    output: Exchanges
  }
  /** Stop an exchange that runs: one of the own, an admin any */
  'DELETE /admin/exchanges/:id': { input: null; output: Exchange }
  /** List what the log of the gateway said last */
  'GET /admin/logs': {
    input: {
      /** The least that is wanted */
      level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
      /** What a line says somewhere, its fields included; upper and lower case are the same */
      search?: string
      /** How many, at most */
      last?: number
    }
    output: Logs
  }
  /** Show every setting that holds and where it came from, and why the last reload was refused */
  'GET /admin/config': { input: null; output: EffectiveConfig }
  /** Make a link that logs in to the console once, within a minute, with the key that asks */
  'POST /admin/console-links': {
    input: {
      /** At the machine itself only: id or name of the key to log in with */
      key?: string
    }
    output: ConsoleLink
  }
  /** Describe this API */
  'GET /admin/openapi.json': { input: null; output: Record<string, unknown> }
  /** Log in to the console; the answer sets a cookie */
  'POST /console/session': {
    input: {
      /** Any key of a user in the store */
      key?: string
      /** In place of a key: what stands behind `#link=` */
      link?: string
    }
    output: ConsoleSession
  }
  /** Say whose session the cookie is of */
  'GET /console/session': { input: null; output: ConsoleSession }
  /** Log out, which ends every event stream of the session */
  'DELETE /console/session': {
    input: null
    output: {
      ended: true
    }
  }
}

/** What the streams tell, by the names of the events. */
export interface AdminEvents {
  hello: LiveHello
  status: WholeStatus
  exchanges: LiveExchanges
  jobs: {
    /** The newest first: those that run, and the last that have ended */
    jobs: Job[]
  }
  log: LiveLog
}
