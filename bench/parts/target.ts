/** What is asked: a server, and the key it wants, if any. */
export interface Target {
  readonly url: string
  readonly key: string | null
}
