import type { Key } from '../../admin-types.ts'

/** Which shape and colour stands beside the word. */
export function stateMark(state: Key['state']): 'good' | 'bad' | 'idle' | 'pause' {
  return ({ active: 'good', revoked: 'bad', expired: 'idle', disabled: 'pause' } as const)[state]
}
