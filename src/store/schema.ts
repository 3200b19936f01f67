import type { Generated } from 'kysely'

/** The tables as kysely sees them; migrations.ts is what makes them. */
export interface Schema {
  users: UserRow
  keys: KeyRow
  marks: MarkRow
  audit: AuditTable
  console_sessions: SessionRow
  console_links: LinkRow
  upstreams: UpstreamRow
}

export interface UserRow {
  id: string
  name: string
  disabled: 0 | 1
  created_at: number
  role: 'admin' | 'member'
  /** JSON object. */
  limits: string | null
  /** What it was called before it was deleted, when its name became free. */
  deleted_name: string | null
}

export interface KeyRow {
  id: string
  name: string
  user_id: string
  /** JSON array. */
  scopes: string
  /** JSON array. */
  models: string | null
  /** JSON array. */
  upstreams: string | null
  /** JSON array. */
  pools: string | null
  queue_class: 'interactive' | 'batch'
  queue_weight: number
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  kind: 'key' | 'ssh'
  digest: string
  hint: string
  /** JSON object. */
  limits: string | null
  last_used_at: number | null
  /** Of the secret before the last rotation. */
  previous_digest: string | null
  previous_until: number | null
}

export interface AuditTable {
  id: Generated<number>
  at: number
  /** Null: whoever sat at the machine itself. */
  user: string | null
  key_id: string | null
  key_name: string | null
  action: string
  subject: string
  /** JSON object. */
  detail: string
}

export interface SessionRow {
  digest: string
  key_id: string
  key_digest: string
  /** JSON array. */
  scopes: string
  made_at: number
  seen_at: number
}

export interface LinkRow {
  digest: string
  key_id: string
  key_digest: string
  expires_at: number
}

export interface UpstreamRow {
  name: string
  hold: 'draining' | 'disabled' | null
  /** JSON object; null: it is in the config, or an agent. */
  terms: string | null
}

/** Single facts about the database itself. */
export interface MarkRow {
  name: string
  value: string
}
