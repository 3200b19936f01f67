import type { RawRequest } from '../request-reader.ts'

/** A request as it arrived, to the byte, and the connection it came on, counted from 1. */
export interface ReceivedRequest extends RawRequest {
  readonly connection: number
  readonly at: number
}

/** Every value of a header, in order. */
export function fieldsOf({ headers }: Pick<RawRequest, 'headers'>, name: string): string[] {
  return headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value)
}

/** Whatever it was sent to know the caller by. */
export function credentialOf(request: Pick<RawRequest, 'headers'>): string {
  const [bearer = ''] = fieldsOf(request, 'authorization')
  return fieldsOf(request, 'x-api-key')[0] ?? bearer.replace(/^Bearer /, '')
}

export function bodyOf({ body }: Pick<RawRequest, 'body'>): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Without the query. */
export function pathOf({ target }: Pick<RawRequest, 'target'>): string {
  return target.replace(/\?.*$/s, '')
}
