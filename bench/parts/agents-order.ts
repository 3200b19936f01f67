/** What the driver of many agents shall do. */
export interface AgentsOrder {
  readonly gatewayUrl: string
  readonly key: string
  /** Of all of them. */
  readonly ollamaUrl: string
  /** Of their ids. */
  readonly prefix: string
  readonly agents: number
  /** Between one agent and the next. */
  readonly paceMs: number
}
