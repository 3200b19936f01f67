/** What people and logs can bear of somebody else's words. */
const LONGEST_MESSAGE = 2000

/** The text of an error as any of the dialects carries it in its body; undefined where the body says nothing. */
export function errorMessage(body: string): string | undefined {
  const text = body.trim()
  if (text === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Ollama's own 404 and 405 are plain text, and a proxy's page is no message at all.
    return text.startsWith('<') ? undefined : text.slice(0, LONGEST_MESSAGE)
  }
  return messageIn(value)?.slice(0, LONGEST_MESSAGE)
}

function messageIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if ('error' in value) return typeof value.error === 'string' ? value.error : messageIn(value.error)
  return 'message' in value && typeof value.message === 'string' ? value.message : undefined
}
