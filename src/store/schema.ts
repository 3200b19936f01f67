/** The tables as kysely sees them; migrations.ts is what makes them. */
export interface Schema {
  users: UserRow
  keys: KeyRow
  marks: MarkRow
}

export interface UserRow {
  id: string
  name: string
  disabled: 0 | 1
  created_at: number
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
}

/** Single facts about the database itself. */
export interface MarkRow {
  name: string
  value: string
}
