import type { GoStruct } from './go-json.ts'

const LOADING = { keep_alive: 'any', options: 'map[string]interface {}' } as const

export const GENERATE: GoStruct = {
  name: 'GenerateRequest',
  fields: {
    model: 'string',
    prompt: 'string',
    suffix: 'string',
    system: 'string',
    template: 'string',
    context: '[]int',
    stream: '*bool',
    raw: 'bool',
    format: 'any',
    images: '[]api.ImageData',
    think: 'any',
    truncate: '*bool',
    shift: '*bool',
    _debug_render_only: 'bool',
    logprobs: 'bool',
    top_logprobs: 'int',
    ...LOADING,
  },
}

export const CHAT: GoStruct = {
  name: 'ChatRequest',
  fields: {
    model: 'string',
    messages: '[]api.Message',
    stream: '*bool',
    format: 'any',
    tools: '[]api.Tool',
    think: 'any',
    truncate: '*bool',
    shift: '*bool',
    _debug_render_only: 'bool',
    logprobs: 'bool',
    top_logprobs: 'int',
    ...LOADING,
  },
}

export const EMBED: GoStruct = {
  name: 'EmbedRequest',
  fields: { model: 'string', input: 'any', truncate: '*bool', dimensions: 'int', ...LOADING },
}

export const EMBEDDING: GoStruct = {
  name: 'EmbeddingRequest',
  fields: { model: 'string', prompt: 'string', ...LOADING },
}

export const SHOW: GoStruct = {
  name: 'ShowRequest',
  fields: { model: 'string', name: 'string', system: 'string', template: 'string', verbose: 'bool', options: 'any' },
}

export const TRANSFER: GoStruct = {
  name: 'PullRequest',
  fields: {
    model: 'string',
    name: 'string',
    insecure: 'bool',
    username: 'string',
    password: 'string',
    stream: '*bool',
  },
}

export const CREATE: GoStruct = {
  name: 'CreateRequest',
  fields: {
    model: 'string',
    name: 'string',
    from: 'string',
    files: 'map[string]string',
    adapters: 'map[string]string',
    quantize: 'string',
    template: 'string',
    system: 'string',
    license: 'any',
    parameters: 'map[string]interface {}',
    messages: '[]api.Message',
    remote_host: 'string',
    stream: '*bool',
  },
}

export const COPY: GoStruct = { name: 'CopyRequest', fields: { source: 'string', destination: 'string' } }

export const DELETE: GoStruct = { name: 'DeleteRequest', fields: { model: 'string', name: 'string' } }

export const OPENAI_CHAT: GoStruct = {
  name: 'ChatCompletionRequest',
  fields: {
    model: 'string',
    messages: '[]openai.Message',
    stream: 'bool',
    stream_options: '*openai.StreamOptions',
    max_tokens: '*int',
    seed: '*int',
    stop: 'any',
    temperature: '*float64',
    top_p: '*float64',
    tools: '[]api.Tool',
    response_format: 'any',
    reasoning: 'any',
    reasoning_effort: '*string',
  },
}

export const OPENAI_COMPLETION: GoStruct = {
  name: 'CompletionRequest',
  fields: {
    model: 'string',
    prompt: 'string',
    suffix: 'string',
    max_tokens: '*int',
    stream: 'bool',
    stop: 'any',
    stream_options: '*openai.StreamOptions',
    seed: '*int',
    temperature: '*float64',
    top_p: 'float64',
  },
}

export const OPENAI_EMBED: GoStruct = {
  name: 'EmbedRequest',
  fields: { model: 'string', input: 'any', dimensions: 'int', encoding_format: 'string' },
}

export const RESPONSES: GoStruct = {
  name: 'ResponsesRequest',
  fields: {
    model: 'string',
    input: 'any',
    instructions: 'string',
    tools: '[]openai.ResponsesTool',
    stream: '*bool',
    temperature: '*float64',
    top_p: '*float64',
    max_output_tokens: '*int',
    reasoning: 'any',
    text: 'any',
  },
}

export const MESSAGES: GoStruct = {
  name: 'MessagesRequest',
  fields: {
    model: 'string',
    max_tokens: 'int',
    messages: '[]anthropic.MessageParam',
    system: 'any',
    stream: 'bool',
    temperature: '*float64',
    top_p: '*float64',
    top_k: '*int',
    stop_sequences: '[]string',
    tools: '[]anthropic.Tool',
    thinking: 'any',
    tool_choice: 'any',
    metadata: 'any',
  },
}
