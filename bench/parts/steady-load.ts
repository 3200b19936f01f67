import { Agent, request } from 'node:http'
import type { Target } from './target.ts'
import { chatBody } from './workload.ts'

/** Requests at a steady pace, whether or not those before are answered. */
export interface SteadyLoad {
  /** How many were answered well so far, and how many were not. */
  readonly counts: { readonly answered: number; readonly failed: number }
  stop(): void
}

const BEAT_MS = 25

export function startSteadyLoad(target: Target, perSecond: number): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const body = chatBody({ stream: false, seed: 1, chunks: 6 })
  const headers = { authorization: `Bearer ${target.key}`, 'content-type': 'application/json' }
  const counts = { answered: 0, failed: 0 }
  const startedAt = performance.now()
  let sent = 0

  const send = (): void => {
    const outgoing = request(`${target.url}/api/chat`, { method: 'POST', headers, agent })
    outgoing.on('error', () => (counts.failed += 1))
    outgoing.on('response', (response) => {
      response.resume()
      response.on('end', () => (response.statusCode === 200 ? (counts.answered += 1) : (counts.failed += 1)))
    })
    outgoing.end(body)
  }
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
    for (; sent < due; sent++) send()
  }, BEAT_MS)
  return {
    counts,
    stop() {
      clearInterval(timer)
      agent.destroy()
    },
  }
}
