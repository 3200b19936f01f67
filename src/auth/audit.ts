/** Something administrative that was done, or that somebody tried who may not. Never a secret. */
export interface AuditEntry {
  /** Null: whoever sat at the machine itself. */
  readonly actor: AuditActor | null
  /** Such as `key.create`. */
  readonly action: string
  /** What it was done to: the name of a user or of a key. */
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditActor {
  readonly user: string
  /** Public id of the key. */
  readonly keyId: string
  readonly keyName: string
}

export interface AuditRecord extends AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The action of an entry about what somebody may not. */
export const REFUSED = 'refused'
