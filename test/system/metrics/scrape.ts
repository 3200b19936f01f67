import { expect } from 'vitest'
import { type Family, parseExposition } from './parse-exposition.ts'

export interface Scrape {
  readonly text: string
  readonly families: ReadonlyMap<string, Family>
}

/** The metrics of a gateway now, read strictly. Without a key: of the listener that wants none. */
export async function scrape(url: string, key?: string): Promise<Scrape> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(`${url}/metrics`, { headers })
  const text = await response.text()
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  return { text, families: parseExposition(text) }
}

/** Every value that a label has anywhere in the scrape. */
export function labelValues({ families }: Scrape, label: string): ReadonlySet<string> {
  const samples = [...families.values()].flatMap((family) => family.samples)
  return new Set(samples.flatMap(({ labels }) => labels[label] ?? []))
}
