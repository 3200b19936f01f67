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

export type FleetModels = {
  upstreams: {
    name: string
    /** Of an agent */
    pool: string | null
    /** It has no disk that models could be pulled to */
    provider: boolean
    state: 'up' | 'down' | 'unknown' | 'disabled'
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
        }[]
      | null
    /** What `models.desired` wants there; null: it says nothing of this upstream */
    desired: string[] | null
    /** Models that `models.assignments` sends there, or to its pool */
    assigned: string[]
  }[]
}

export type ImportedKeys = {
  imported: Key[]
  /** How many were in the store already */
  known: number
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

export type Limits = {
  requests_per_minute?: number
  concurrent?: number
  tokens_per_minute?: number
  tokens_per_day?: number
  tokens_per_month?: number
  money_per_month?: number
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
}

export type ShownUser = {
  user: User
  keys: Key[]
}

export type Status = {
  version: string
  started_at: string
  uptime_seconds: number
  upstreams: {
    name: string
    /** Empty for an agent */
    url: string
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
    /** unknown: not probed yet */
    state: 'up' | 'down' | 'unknown' | 'disabled'
    version: string | null
    priority: number
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
  }[]
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
  'GET /admin/status': { input: null; output: Status }
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
  /** Describe this API */
  'GET /admin/openapi.json': { input: null; output: Record<string, unknown> }
}
