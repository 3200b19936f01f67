import type { AdminDeps } from '../admin-route.ts'

function never(): never {
  throw new Error('nobody asked for this')
}

/** What a test of other things needs not be asked for. */
export const unaskedDeps: Omit<AdminDeps, 'store' | 'clock'> = {
  pepper: new Uint8Array(32),
  status: never,
  explain: never,
  models: never,
  mayUseModel: never,
  upstreams: { check: never, probe: never, configured: never, wake: never },
  jobs: { list: never, onChange: never, checkRoom: never, start: never, cancel: never },
  pools: () => [],
  usage: async () => [],
  limitUses: async () => [],
  exchanges: { list: never, stop: never },
  live: never,
  logs: never,
  config: never,
  changed: async () => {},
  refused: () => {},
}
