import { remark, setting, type Remark, type Section } from './annotated-yaml.ts'
import type { ForeignKind } from './foreign-file.ts'

const reread = remark(
  'The file is read again when it changes. "corral user create NAME" makes keys with scopes and an end date beside these.',
)
const ollama =
  'Without upstreams here, requests go to the Ollama that OLLAMA_URL or OLLAMA_HOST names, or 127.0.0.1:11434.'

/** A config that lets the keys of a file in. The file stays where it is; `path` begins beside the config. */
export function keyFileConfig(kind: Exclude<ForeignKind, 'yaml'>, path: string): Section {
  if (kind === 'tokens') return tokensConfig(path)
  const address = listenLine('0.0.0.0:8000', 'the address of that proxy, where EXTERNAL_PORT did not say otherwise')
  if (kind === 'plain-keys') return [address, remark(ollama), reread, auth([setting('key_file', path)])]
  const salt = remark(
    'The salt that the keys were hashed with, as it stood in API_KEY_SALT there. Without key_salt the lines ' +
      'would be taken for the keys themselves.',
  )
  return [
    address,
    remark(ollama),
    reread,
    auth([setting('key_file', path), salt, setting('key_salt', '${API_KEY_SALT}')]),
  ]
}

function tokensConfig(path: string): Section {
  return [
    listenLine('0.0.0.0:3006', 'the address of the proxy that wrote authTokens.json'),
    remark(ollama),
    reread,
    auth([setting('tokens_file', path)]),
  ]
}

function listenLine(address: string, which: string): Remark {
  return { kind: 'remark', text: [`listen: ${address}   # ${which}`], unmapped: false }
}

function auth(section: Section) {
  return setting('auth', { section })
}
