/** What an upstream can hold at once. */
export interface Capacity {
  /** Counts only where its memory was not stated. */
  readonly bytes: number
  readonly models: number
}

export type CapacityOf = (server: string) => Capacity

/** OLLAMA_MAX_LOADED_MODELS, on a machine with one GPU. */
export const threeModels: CapacityOf = () => ({ bytes: Number.POSITIVE_INFINITY, models: 3 })
