/** What a client gets otherwise than from Ollama, and why. */
export interface Exception {
  readonly reason: string
  /** Left out: Ollama's status. */
  readonly status?: number
  /** Left out: Ollama's bytes. Otherwise says whether ours are right. */
  readonly body?: (ours: string, recorded: string) => boolean
  /** Recorded header fields that are not there, or say something else. Lower case. */
  readonly otherHeaders?: readonly string[]
  /** Corral answers without asking; otherwise the upstream is asked once, with the client's bytes. */
  readonly upstream?: 'unasked' | 'asked-otherwise'
}

const NOT_ITS_OWN = ['content-type', 'content-length']

/**
 * By the name of the recording. Everything that is not here is byte for byte what Ollama said, after the upstream was
 * asked with the bytes of the client, which of a stream of completions ask for its counts too.
 */
export const exceptions: Readonly<Record<string, Exception>> = {
  'host-denied': {
    reason:
      'Host: Ollama checks against DNS rebinding on loopback; Corral is reached by any name and asks for a key instead',
    status: 200,
    body: (ours) => ours.startsWith('{"models":['),
    otherHeaders: NOT_ITS_OWN,
    upstream: 'asked-otherwise',
  },
  'origin-denied': {
    reason: 'Origin: not sent on; a foreign page has no key, and without CORS headers it cannot read the answer',
    status: 200,
    body: (ours) => ours.startsWith('{"models":['),
    otherHeaders: NOT_ITS_OWN,
    upstream: 'asked-otherwise',
  },
  'origin-ok': {
    reason: 'Origin: allowed origins are those of `cors.origins`, not those of the Ollama behind',
    body: sameJson,
    otherHeaders: ['access-control-allow-origin', 'vary', 'content-length'],
    upstream: 'asked-otherwise',
  },
  preflight: {
    reason: 'CORS preflight: answered from `cors.origins`, which is empty here',
    status: 403,
    body: () => true,
    otherHeaders: [
      ...NOT_ITS_OWN,
      'access-control-allow-headers',
      'access-control-allow-methods',
      'access-control-allow-origin',
      'access-control-max-age',
      'allow',
      'vary',
    ],
    upstream: 'unasked',
  },
  me: {
    reason: 'account route: acts as the owner of the server at ollama.com, so it is not served',
    status: 404,
    body: (ours) => ours === '404 page not found',
    otherHeaders: NOT_ITS_OWN,
    upstream: 'unasked',
  },
  'v1-count-tokens': {
    reason: 'count_tokens: Ollama has no such route; Corral answers it, because Claude Code asks for it',
    status: 200,
    body: (ours) => /^\{"input_tokens":\d+\}$/.test(ours),
    otherHeaders: NOT_ITS_OWN,
    upstream: 'unasked',
  },
  'v1-model-slash': {
    reason: 'names with a slash on /v1/models: found in the merged list, or a 404 that names the model',
    body: (ours) => ours.includes("model 'ns/tiny2:v1' not found"),
    otherHeaders: NOT_ITS_OWN,
    upstream: 'asked-otherwise',
  },
  'v1-model-slash-enc': {
    reason: 'names with a slash on /v1/models: an encoded slash is refused in every target',
    status: 400,
    body: (ours) => ours.includes('"code":"bad_request_target"'),
    otherHeaders: NOT_ITS_OWN,
    upstream: 'unasked',
  },
  'midstream-error-v1-chat': {
    reason: 'lost /v1 errors: Ollama ends in good order without its terminator, Corral says that it failed',
    body: (ours, recorded) =>
      ours.startsWith(recorded) && /^data: \{"error":\{.+\}\}\n\n$/.test(ours.slice(recorded.length)),
  },
  ...list('tags'),
  ...list('ps'),
  ...list('v1-models'),
  ...own('root-get', 'root-head', 'version', 'version-head'),
  ...own('unknown-path', 'unknown-path-v1', 'generate-get', 'tags-post'),
  'pull-invalid': {
    reason: "model permissions: a name outside the grammar is refused in Ollama's words before any upstream is asked",
    upstream: 'unasked',
  },
}

function list(name: string): Record<string, Exception> {
  const reason = 'merged and filtered list: the same JSON from one upstream to a key that may see all'
  return { [name]: { reason, body: sameJson, otherHeaders: ['content-length'], upstream: 'asked-otherwise' } }
}

/** The same answer, but Corral's own: there is no upstream to ask, or none is needed. */
function own(...names: readonly string[]): Record<string, Exception> {
  return Object.fromEntries(
    names.map((name) => [name, { reason: 'the same bytes, said by Corral itself', upstream: 'unasked' as const }]),
  )
}

function sameJson(ours: string, recorded: string): boolean {
  return JSON.stringify(sortedKeys(JSON.parse(ours))) === JSON.stringify(sortedKeys(JSON.parse(recorded)))
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  )
}
