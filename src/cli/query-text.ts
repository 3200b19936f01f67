import type { AdminRoute } from '../admin/admin-route.ts'

/** A GET has its input in the query, without its question mark. */
export function queryText({ method }: Pick<AdminRoute, 'method'>, input: unknown): string {
  if (method !== 'GET' || typeof input !== 'object' || input === null) return ''
  const entries = Object.entries(input).map(([name, value]): [string, string] => [name, String(value)])
  return new URLSearchParams(entries).toString()
}
