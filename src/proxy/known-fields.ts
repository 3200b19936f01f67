/** Every top-level field that any route of Ollama 0.24 to 0.33 reads, native and compatible. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set(
  [
    'model name source destination from stream keep_alive options prompt suffix system template context raw format',
    'images think truncate shift logprobs top_logprobs _debug_render_only messages tools input dimensions verbose',
    'insecure username password files adapters draft_files quantize draft_quantize quantization license parameters',
    'renderer parser requires info remote_host modelfile path width height steps',
    'stream_options max_tokens seed stop temperature top_p frequency_penalty presence_penalty response_format',
    'reasoning reasoning_effort encoding_format instructions max_output_tokens text conversation',
    'previous_response_id max_completion_tokens tool_choice thinking output_config stop_sequences top_k metadata',
    'background include parallel_tool_calls truncation user store service_tier',
  ]
    .join(' ')
    .split(' '),
)

/**
 * A name as Go's `encoding/json` compares it: case does not count, and neither do the Kelvin sign (U+212A) for k and
 * the long s (U+017F) for s. Confirmed on Ollama 0.24: `{"model":"a","Model":"b"}` runs `b`.
 */
export function foldName(name: string): string {
  return name.toLowerCase().replaceAll('\u212a', 'k').replaceAll('\u017f', 's')
}

/** Whether Ollama would take the name for a field it knows, in this spelling or another. */
export function isKnownName(name: string): boolean {
  return KNOWN_FIELDS.has(name) || KNOWN_FIELDS.has(foldName(name))
}

export function isExactName(name: string): boolean {
  return KNOWN_FIELDS.has(name)
}
