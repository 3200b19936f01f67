/** What an upstream is doing. */
export interface ServerLoad {
  readonly server: string
  /** Models that are loaded or being loaded. */
  readonly models: readonly ModelLoad[]
  /** Waiting works that it could take. */
  readonly waiting: number
}

export interface ModelLoad {
  readonly model: string
  readonly state: 'loading' | 'loaded'
  readonly running: number
  readonly slots: number
}
