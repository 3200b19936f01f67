import type { UpstreamType } from '../../upstreams/provider-settings.ts'

export interface ProviderHost {
  readonly name: string
  readonly type: Exclude<UpstreamType, 'ollama'>
  /** Where its API begins. */
  readonly path: string
}

/** Providers whose host is known; most have the OpenAI API under a path of their own. */
const hosts: Readonly<Record<string, ProviderHost>> = {
  'api.openai.com': { name: 'openai', type: 'openai', path: '/v1' },
  'api.anthropic.com': { name: 'anthropic', type: 'anthropic', path: '/v1' },
  'generativelanguage.googleapis.com': compatible('gemini', '/v1beta/openai'),
  'api.groq.com': compatible('groq', '/openai/v1'),
  'openrouter.ai': compatible('openrouter', '/api/v1'),
  'api.mistral.ai': compatible('mistral', '/v1'),
  'api.deepseek.com': compatible('deepseek', '/v1'),
  'api.x.ai': compatible('xai', '/v1'),
  'api.together.xyz': compatible('together', '/v1'),
  'api.fireworks.ai': compatible('fireworks', '/inference/v1'),
  'api.deepinfra.com': compatible('deepinfra', '/v1/openai'),
  'api.cerebras.ai': compatible('cerebras', '/v1'),
  'api.perplexity.ai': compatible('perplexity', ''),
  'dashscope.aliyuncs.com': compatible('dashscope', '/compatible-mode/v1'),
}

export function providerAt(host: string): ProviderHost | undefined {
  const name = host.toLowerCase()
  return Object.hasOwn(hosts, name) ? hosts[name] : undefined
}

function compatible(name: string, path: string): ProviderHost {
  return { name, type: 'openai-compatible', path }
}
