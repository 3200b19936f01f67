interface CatalogueEntry {
  readonly status: number
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean
  /** Said when the thrower has nothing more exact to say. No secret, prompt or body text, ever. */
  readonly message: string
  /** One sentence for docs/errors.md: what the reader should do. */
  readonly help: string
}

/** Every error that Corral itself makes. Codes are never reused; docs/errors.md is generated from this table. */
export const catalogue = {
  bad_request_target: {
    status: 400,
    retryable: false,
    message: 'The request target is not a plain path',
    help: 'Send an absolute path without `//`, dot segments, `;`, `\\` or encoded separators.',
  },
  bad_header: {
    status: 400,
    retryable: false,
    message: 'A header field is not acceptable',
    help: 'The message names the field; send it once and in its plain form.',
  },
  bad_host: {
    status: 400,
    retryable: false,
    message: 'The Host header is not acceptable',
    help: 'Send exactly one Host header with the name you connect to.',
  },
  bad_request: {
    status: 400,
    retryable: false,
    message: 'The request could not be parsed as HTTP/1.1',
    help: 'Check what writes the request: framing, line ends and header syntax.',
  },
  bad_body: {
    status: 400,
    retryable: false,
    message: 'The request body is not readable',
    help: 'The body ended early or its compression is broken; send it again whole.',
  },
  ambiguous_field: {
    status: 400,
    retryable: false,
    message: 'A field of the body is ambiguous',
    help: 'Spell known fields exactly (lower case) and send each one once.',
  },
  invalid_model_name: {
    status: 400,
    retryable: false,
    // Ollama's own words.
    message: 'invalid model name',
    help: 'Use `[host/][namespace/]model[:tag]`.',
  },
  conflicting_credentials: {
    status: 400,
    retryable: false,
    message: 'The request carries two different credentials',
    help: 'Send the key in one place only.',
  },
  invalid_input: {
    status: 400,
    retryable: false,
    message: 'The input is not valid',
    help: 'The message names the field and what it should be.',
  },
  dialect_not_spoken: {
    status: 400,
    retryable: false,
    message: 'The model is served by a provider that speaks another API',
    help: 'The message names the API to use; requests are not translated from one API into another yet.',
  },
  bad_upstream_choice: {
    status: 400,
    retryable: false,
    message: 'The header corral-upstream names no upstream that could take this',
    help: 'The message lists the names there are, or says why those named cannot; `*` stands for all.',
  },
  no_credential: {
    status: 401,
    retryable: false,
    message: 'This gateway needs a key: send it as "Authorization: Bearer KEY"',
    help: 'Create one with `corral key create NAME`.',
  },
  malformed_credential: {
    status: 401,
    retryable: false,
    message: 'The credential is malformed: send "Authorization: Bearer KEY"',
    help: 'The header was empty, of an unknown scheme, or held white space.',
  },
  wrong_credential: {
    status: 401,
    retryable: false,
    message: 'The key is not valid',
    help: 'It is unknown, revoked or expired; ask for a new one.',
  },
  no_session: {
    status: 401,
    retryable: false,
    message: 'There is no session: log in',
    help: 'Said to the console: nobody is logged in, or the session ended with its time or with its key.',
  },
  bad_link: {
    status: 401,
    retryable: false,
    message: 'The link opens nothing: it works once, and for a minute',
    help: 'Make another one with `corral console`.',
  },
  missing_scope: {
    status: 403,
    retryable: false,
    message: 'This key may not do that',
    help: 'The message names the scope; an admin can create a key with it.',
  },
  model_denied: {
    status: 403,
    retryable: false,
    message: 'This key may not use that model',
    help: 'An admin can create a key whose `--model` patterns include it.',
  },
  cloud_denied: {
    status: 403,
    retryable: false,
    message: 'This key may not use cloud models',
    help: "Cloud models spend the server's account; an admin can grant a pattern such as `--model '*:cloud'`.",
  },
  origin_denied: {
    status: 403,
    retryable: false,
    message: 'This origin is not allowed',
    help: 'Add it to `cors.origins`.',
  },
  csrf_denied: {
    status: 403,
    retryable: false,
    message: "The request does not come from the console's own page",
    help: 'With a session, a change needs the header `corral-csrf` and has to come from a page of this gateway; a proxy in front leaves `Host` as it is. See [console.md](console.md#logging-in).',
  },
  host_denied: {
    status: 403,
    retryable: false,
    message: 'This host name is not allowed without keys',
    help: 'With `auth.mode: none` only loopback and configured names are served, against DNS rebinding.',
  },
  route_not_found: {
    status: 404,
    retryable: false,
    message: '404 page not found',
    help: 'Not part of the API that Corral serves; see the README.',
  },
  model_not_found: {
    status: 404,
    retryable: false,
    message: 'The model was not found',
    help: 'Pull it on a server, or check its name with `GET /api/tags`.',
  },
  not_found: { status: 404, retryable: false, message: 'Not found', help: 'The message names what was looked for.' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    message: '405 method not allowed',
    help: 'The `allow` header lists the methods of this path.',
  },
  header_timeout: {
    status: 408,
    retryable: true,
    message: 'The request headers took too long',
    help: 'Send the headers within the limit.',
  },
  body_timeout: {
    status: 408,
    retryable: true,
    message: 'The request body stalled',
    help: 'Keep sending; an upload may be slow but not silent.',
  },
  name_taken: { status: 409, retryable: false, message: 'The name is taken', help: 'Choose another name.' },
  agent_session_gone: {
    status: 410,
    retryable: false,
    message: 'There is no such session of an agent',
    help: 'It ended, or another gateway had it; an agent connects anew by itself.',
  },
  body_too_large: {
    status: 413,
    retryable: false,
    message: 'The request body is too large',
    help: 'Raise `limits.body`, or send less.',
  },
  unsupported_content_encoding: {
    status: 415,
    retryable: false,
    message: 'The content encoding is not supported',
    help: 'Send the body uncompressed; `zstd` is understood on `/v1`.',
  },
  unknown_expectation: {
    status: 417,
    retryable: false,
    message: 'The expectation is not supported',
    help: 'Only `Expect: 100-continue` is known.',
  },
  agent_version: {
    status: 426,
    retryable: false,
    message: 'Agents connect here by WebSocket',
    help: 'The message says which of agent and gateway to upgrade; a plain GET cannot be an agent.',
  },
  throttled: {
    status: 429,
    retryable: true,
    message: 'Too many wrong keys from this address',
    help: 'Wait, and check the key.',
  },
  rate_limited: {
    status: 429,
    retryable: true,
    message: 'A limit is reached',
    help: 'Wait as long as `retry-after` says; the message tells whose limit it is, and [limits.md](limits.md) what there is to limit.',
  },
  budget_exhausted: {
    status: 429,
    retryable: false,
    message: 'A budget is used up',
    help: 'The message tells whose, and until when; an admin can raise it. Also said at the end of a stream, see [limits.md](limits.md#a-budget-that-runs-out-in-the-middle).',
  },
  headers_too_large: {
    status: 431,
    retryable: false,
    message: 'The request headers are too large',
    help: 'At most 16 KB and 100 fields.',
  },
  internal: {
    status: 500,
    retryable: false,
    message: 'Something went wrong inside the gateway',
    help: 'The log has the details under the same request id; please report it.',
  },
  upgrade_refused: {
    status: 501,
    retryable: false,
    message: 'The upgrade is not supported',
    help: 'Only `Upgrade: websocket` on a listed route is relayed.',
  },
  upstream_unreachable: {
    status: 502,
    retryable: true,
    message: 'No upstream could be reached',
    help: 'Check that the Ollama server runs: `corral doctor`.',
  },
  upstream_reset: {
    status: 502,
    retryable: true,
    message: 'The upstream broke off its answer',
    help: 'The model server died or was restarted; ask again.',
  },
  upstream_bad_response: {
    status: 502,
    retryable: true,
    message: 'The upstream answered with something that is not its API',
    help: 'Check the URL of the upstream: `corral doctor`.',
  },
  provider_refused: {
    status: 502,
    retryable: false,
    message: 'The provider refused the key that this gateway has for it',
    help: "Not the caller's key: an admin corrects `api_key` of the upstream named in the log.",
  },
  upstream_error: {
    status: 502,
    retryable: true,
    message: 'The upstream answered with an error',
    help: "Said inside a stream that had begun while its request waited in the queue; the text is the upstream's own.",
  },
  upstream_truncated: {
    status: 502,
    retryable: true,
    message: 'The upstream ended its answer before it was complete',
    help: 'Ollama hides errors that happen mid-stream; its log has the reason.',
  },
  no_upstream: {
    status: 503,
    retryable: true,
    message: 'No upstream is available',
    help: 'Start Ollama, or add one under `upstreams:`.',
  },
  queue_full: {
    status: 503,
    retryable: true,
    message: 'Too many requests are waiting',
    help: 'Ask again after `retry-after`; an admin can add a server or raise `queue.max_length`.',
  },
  queue_timeout: {
    status: 503,
    retryable: true,
    message: 'The request waited too long for a free slot',
    help: 'Ask again after `retry-after`; an admin can add a server or raise `queue.max_wait`.',
  },
  body_budget: {
    status: 503,
    retryable: true,
    message: 'Too many request bodies are in memory',
    help: 'Try again, or raise `limits.bodies_total`.',
  },
  shutting_down: {
    status: 503,
    retryable: true,
    message: 'The gateway is shutting down',
    help: 'Ask again; another replica or the restarted gateway will answer.',
  },
  store_unavailable: {
    status: 503,
    retryable: true,
    message: 'The store cannot be used',
    help: 'The message says why, and nothing was changed; see [operations.md](operations.md#when-the-database-is-in-trouble).',
  },
  ledger_unavailable: {
    status: 503,
    retryable: true,
    message: 'The ledger cannot be written',
    help: 'With `ledger.policy: required` nothing runs without a row of its own: see [operations.md](operations.md#the-ledger). An admin finds the reason in `corral status`.',
  },
  upstream_timeout: {
    status: 504,
    retryable: true,
    message: 'The upstream took too long',
    help: 'Raise `routing.first_byte_timeout` or `routing.idle_timeout`, or check the server.',
  },
  http_version: {
    status: 505,
    retryable: false,
    message: 'Only HTTP/1.1 and HTTP/1.0 are supported',
    help: 'Use an HTTP/1.1 client.',
  },
  gateway_loop: {
    status: 508,
    retryable: false,
    message: 'This gateway is among its own upstreams',
    help: 'Point the upstream at Ollama, not at Corral.',
  },
  exchange_stopped: {
    status: 403,
    retryable: false,
    message: 'The request was stopped',
    help: 'Its user or an admin stopped it while it ran; send it again if it is still wanted.',
  },
  key_revoked: {
    status: 401,
    retryable: false,
    message: 'The key was revoked',
    help: 'Said at the end of a running stream; ask for a new key.',
  },
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof catalogue
