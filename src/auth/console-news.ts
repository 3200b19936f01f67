/** What of sessions the store does not know yet. */
export interface SessionNews {
  /** When each was used last. */
  readonly seen: ReadonlyMap<string, number>
  /** Those that ended by themselves. */
  readonly ended: readonly string[]
}

export interface NewsList {
  saw(session: string, at: number): void
  endedByItself(session: string): void
  /** It is over, and when it was used last nobody wants to know. */
  forget(session: string): void
  take(): SessionNews
}

export function createNewsList(): NewsList {
  let seen = new Map<string, number>()
  let ended: string[] = []
  return {
    saw: (session, at) => void seen.set(session, at),
    endedByItself: (session) => void ended.push(session),
    forget: (session) => void seen.delete(session),
    take() {
      const news = { seen, ended }
      seen = new Map()
      ended = []
      return news
    },
  }
}
