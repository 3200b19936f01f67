import type { StoreContents } from '../store/store-contents.ts'

const words: Readonly<Record<keyof StoreContents['rows'], readonly [one: string, several: string]>> = {
  users: ['user', 'users'],
  keys: ['key', 'keys'],
  audit: ['audit entry', 'audit entries'],
  exchanges: ['exchange', 'exchanges'],
}

/** Such as `2 users, 3 keys, 0 audit entries, 12 exchanges (schema 5)`. */
export function contentsText({ rows, schema }: StoreContents): string {
  const parts = Object.entries(words).map(([name, [single, several]]) => {
    const count = rows[name as keyof StoreContents['rows']]
    return `${count} ${count === 1 ? single : several}`
  })
  return `${parts.join(', ')} (schema ${schema})`
}
