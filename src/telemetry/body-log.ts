import { globMatcher } from '../lib/glob.ts'
import type { BodyWatch } from '../proxy/proxy-request.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { BodyCapture, type CaptureBudget } from './body-capture.ts'
import { bodyLine } from './body-line.ts'
import { type BodyRecording, recordBodies } from './body-recording.ts'
import { createBodyRedaction } from './body-redaction.ts'
import { createLineLog, type LineLogCounts, type LineLogDeps, type LineLogOptions } from './line-log.ts'
import type { BodySettings } from './settings.ts'

export interface BodyLog {
  /** Null: nobody's bodies are wanted. */
  watching(settings: BodySettings, secrets: WatchedSecrets): BodyWatch | null
  /** Resolves when what is over has been tried to be put on disk. */
  flush(): Promise<void>
  close(): Promise<void>
  counts(): LineLogCounts
}

/** What must not be written, wherever it stands. */
export interface WatchedSecrets {
  readonly own: readonly string[]
  /** What a request opens the door with. */
  presented(request: ClientRequest): readonly string[]
}

export interface BodyLogDeps extends LineLogDeps {
  readonly budget: CaptureBudget
}

/** `bodies-YYYY-MM-DD.jsonl`: what clients sent and were sent, a line for each exchange, where the config wants that. */
export function createBodyLog({ budget, ...deps }: BodyLogDeps, options: LineLogOptions = {}): BodyLog {
  const lines = createLineLog(deps, { name: 'bodies', title: 'log of bodies' }, options)
  let waiting: (() => string)[] = []
  let isScheduled = false

  /** One in a turn of the event loop: it takes about a millisecond to look through the bodies of one exchange. */
  function writeNext(): void {
    isScheduled = false
    const line = waiting.shift()
    if (line !== undefined) lines.write(line())
    schedule()
  }

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return
    isScheduled = true
    setImmediate(writeNext)
  }

  function writeAll(): void {
    const all = waiting
    waiting = []
    for (const line of all) lines.write(line())
  }

  return {
    watching(settings, secrets) {
      if (settings.keys === null) return null
      const isWanted = keyMatcher(settings.keys)
      const { fields, patterns } = settings
      const redactBody = createBodyRedaction({ fields, patterns, secrets: secrets.own })
      const recording = {
        createCapture: () => new BodyCapture(settings.maxBytes, budget),
        over(recorded: BodyRecording) {
          waiting.push(() => bodyLine(recorded, redactBody, secrets.presented(recorded.client)))
          schedule()
        },
      }
      return {
        watch: (client, admitted) =>
          isWanted(admitted.principal) ? recordBodies(client, admitted, recording) : undefined,
      }
    },
    flush() {
      writeAll()
      return lines.flush()
    },
    close() {
      writeAll()
      return lines.close()
    },
    counts: lines.counts,
  }
}

interface NamedKey {
  readonly keyId: string
  readonly keyName: string
}

function keyMatcher(keys: 'all' | readonly string[]): (key: NamedKey) => boolean {
  if (keys === 'all') return () => true
  const matchers = keys.map(globMatcher)
  return ({ keyId, keyName }) => matchers.some((fits) => fits(keyName) || fits(keyId))
}
