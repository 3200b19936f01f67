import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import type { RequestHead, StreamFrame } from '../wire/frame.ts'
import type { Link, LinkStream, StreamReceiver } from '../wire/link.ts'
import { AgentStream } from './agent-stream.ts'

export interface AgentServiceDeps {
  /** The one Ollama beside this agent; nothing else can be reached through it. */
  readonly upstream: Upstream
  /** The agent's own word on what may pass, whoever asks. Undefined: it may; else why not, for the caller. */
  refusal(method: string, target: string): string | undefined
  /** Of a request's headers those that an Ollama may see. */
  toUpstreamHeaders(headers: RawHeaders): RawHeaders
  readonly maxStreams: number
  /** More or fewer requests run. */
  changed(): void
}

/** What an agent does with the requests of its links. Outlives the links. */
export interface AgentService {
  readonly running: number
  /** Takes no new work from now on. */
  drain(): void
  /** Hears of a request on a link. */
  opened(link: Link, id: number, frame: Extract<StreamFrame, { type: 'request' }>): void
  linkClosed(link: Link): void
}

export function createAgentService(deps: AgentServiceDeps): AgentService {
  const streams = new Map<AgentStream, Link>()
  let draining = false

  const run = (link: Link, id: number, frame: Extract<StreamFrame, { type: 'request' }>): void => {
    const head = { ...frame.request, headers: deps.toUpstreamHeaders(frame.request.headers) }
    const stream = new AgentStream(head, deps.upstream, () => {
      streams.delete(stream)
      deps.changed()
    })
    streams.set(stream, link)
    deps.changed()
    stream.start(link.stream(id, stream), frame.end)
  }
  return {
    get running() {
      return streams.size
    },
    drain: () => void (draining = true),
    opened(link, id, frame) {
      const { method, target } = frame.request
      if (draining) return turnAway(link.stream(id, DEAF), 'DRAINING')
      if (streams.size >= deps.maxStreams) return turnAway(link.stream(id, DEAF), 'REFUSED')
      const refusal = deps.refusal(method, target)
      if (refusal === undefined) run(link, id, frame)
      else deny(link.stream(id, DEAF), frame.request, refusal)
    },
    linkClosed(link) {
      for (const [stream, of] of [...streams]) if (of === link) stream.linkLost()
    },
  }
}

const DEAF: StreamReceiver = { frame: () => {}, drained: () => {} }

function turnAway(stream: LinkStream, code: 'DRAINING' | 'REFUSED'): void {
  stream.send({ type: 'reset', code, retrySafe: true, reason: '' })
  stream.finish()
}

/** In Ollama's own shape: the caller shall read which machine refused. */
function deny(stream: LinkStream, { method }: RequestHead, refusal: string): void {
  const body = Buffer.from(JSON.stringify({ error: refusal }))
  const headers = ['content-type', 'application/json; charset=utf-8', 'content-length', String(body.length)]
  stream.send({ type: 'accept' })
  const isHead = method === 'HEAD'
  stream.send({ type: 'response', status: 403, headers, end: isHead })
  if (!isHead) stream.data(body, true)
  stream.finish()
}
