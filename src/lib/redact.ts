const HIDDEN = '[redacted]'

/**
 * A name ends, perhaps quoted once or twice, and its value begins: after a colon, an equals sign, or as the next of a
 * list of texts, the way raw headers are kept. A JSON value without quotes is no text.
 */
const ASSIGNS = String.raw`(?:\\?["']?\s*[:=]\s*\\?["']?|\\?",\s*\\?")(?!(?:null|true|false|-?[\d.]+(?:e[+-]?\d+)?)[,}\]]|\[|\{)`

const carriers = '(?:proxy-)?authorization|x-api-key|api-?key|cookie'
const secretNames = 'password|secret|salt|pepper|auth_token|api_key_salt'

function assignment(names: string, exceptions: string): RegExp {
  return new RegExp(String.raw`\b(${names})(${ASSIGNS})${exceptions}[^\s"',;\\]+`, 'gi')
}

const rules: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\bcrl_[0-9A-Za-z]+/g, `crl_${HIDDEN}`],
  [/\bOLLAMA-[0-9a-f]{8}-[0-9a-f-]{4,27}/gi, `OLLAMA-${HIDDEN}`],
  // `K` in the path may be of any shape.
  [/\/k\/[^/\s"'?#\\]+/g, `/k/${HIDDEN}`],
  // Our own texts say "Bearer KEY".
  [/\b(Bearer|Basic)(\s+|%20)(?!KEY\b)[^\s"',;\\]+/gi, `$1$2${HIDDEN}`],
  [assignment(carriers, '(?!Bearer|Basic)'), `$1$2${HIDDEN}`],
  [assignment(secretNames, ''), `$1$2${HIDDEN}`],
  // OpenAI, Anthropic, GitHub, Hugging Face.
  [/\b(sk|pk|ghp|gho|ghs|github_pat|hf)([-_])[0-9A-Za-z_-]{16,}/g, `$1$2${HIDDEN}`],
  // The Ollama command's signature: wire form of the public key, then 64 bytes.
  [/\bAAAAC3NzaC1lZDI1NTE5[0-9A-Za-z+/=]+(?::[0-9A-Za-z+/=]+)?/g, HIDDEN],
  [/:\/\/[^\s/"'@\\]+@/g, `://${HIDDEN}@`],
]

/** Takes out of any text what looks like a key or a credential. Linear in the length of the text. */
export function redact(text: string): string {
  let result = text
  for (const [pattern, replacement] of rules) result = result.replace(pattern, replacement)
  return result
}
