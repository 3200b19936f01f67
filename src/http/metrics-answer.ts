import type { RenderedError } from '../dialects/error-body.ts'

/** Of Prometheus' text format; without its version newer scrapers refuse it. */
const HEADERS = ['content-type', 'text/plain; version=0.0.4; charset=utf-8', 'cache-control', 'no-store']

export function metricsAnswer(text: string): RenderedError {
  return { status: 200, headers: HEADERS, body: text }
}
