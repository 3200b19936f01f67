/** The environment without what would reach a program under test: the machine's own Ollama, keys, settings. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(CORRAL_|OLLAMA_|OTEL_|AUTH_TOKEN|API_KEY_|KEY_REFRESH|CACHE_TTL|EXTERNAL_PORT|NODE_OPTIONS|VITEST)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}
