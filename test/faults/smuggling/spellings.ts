/** A way to write a request that changes models on the server; some parser somewhere takes it for the real one. */
export interface Spelling {
  readonly name: string
  readonly method: string
  readonly target: string
  /** In place of `Host: gw`. */
  readonly host?: string
  /** Further fields, each with its line end. */
  readonly fields?: string
}

const DIGEST = `sha256:${'ab'.repeat(32)}`
const ROUTES: readonly (readonly [string, string])[] = [
  ['POST', '/api/pull'],
  ['POST', '/api/push'],
  ['POST', '/api/create'],
  ['POST', '/api/copy'],
  ['DELETE', '/api/delete'],
  ['POST', `/api/blobs/${DIGEST}`],
]

/** None of these may reach an upstream for a key without `models:write`. */
export function modelChangingSpellings(key: string): readonly Spelling[] {
  return ROUTES.flatMap(([method, path]) => [
    ...targets(path, key).map((target) => ({ name: `${method} ${target}`, method, target })),
    ...otherMethods(method).map((other) => ({ name: `${other} ${path}`, method: other, target: path })),
    ...hosts(path).map((host) => ({ name: `${method} ${path} with Host ${host}`, method, target: path, host })),
    ...fields(method, path).map((field) => ({
      name: `GET /livez with ${field.trim()}`,
      method: 'GET',
      target: '/livez',
      fields: field,
    })),
  ])
}

function targets(path: string, key: string): string[] {
  const [, api = '', name = '', rest] = path.split('/')
  const tail = rest === undefined ? '' : `/${rest}`
  const first = name[0] ?? ''
  const hex = first.charCodeAt(0).toString(16)
  const plain = `/${api}/${name}${tail}`
  return [
    plain,
    `${plain}?`,
    `${plain}?x=1`,
    `${plain}?model=allowed`,
    `/k/${key}${plain}`,
    `/k/${key}${plain}?x`,
    // Case
    plain.toUpperCase(),
    `/API/${name}${tail}`,
    `/Api/${name}${tail}`,
    `/${api}/${name.toUpperCase()}${tail}`,
    `/${api}/${first.toUpperCase()}${name.slice(1)}${tail}`,
    // Escapes
    `/${api}/%${hex}${name.slice(1)}${tail}`,
    `/${api}/%${hex.toUpperCase()}${name.slice(1)}${tail}`,
    `/%61pi/${name}${tail}`,
    `/${api}%2f${name}${tail}`,
    `/${api}%2F${name}${tail}`,
    `%2f${api}/${name}${tail}`,
    `/${api}%5c${name}${tail}`,
    `/${api}%252f${name}${tail}`,
    `/${api}/%25${hex}${name.slice(1)}${tail}`,
    `/${api}%c0%af${name}${tail}`,
    `/${api}%ef%bc%8f${name}${tail}`,
    `/${api}/${name}%20${tail}`,
    `/${api}/${name}${tail}%20`,
    `${plain}%00`,
    `${plain}%0a`,
    `${plain}%09`,
    `${plain}%23`,
    `${plain}%3f`,
    `${plain}%3b`,
    `${plain}%2e`,
    `${plain}%2f`,
    `/%2e${plain}`,
    `/%2e%2e${plain}`,
    // Dot segments
    `/.${plain}`,
    `/..${plain}`,
    `/api/./${name}${tail}`,
    `/api/chat/../${name}${tail}`,
    `/api/chat/%2e%2e/${name}${tail}`,
    `/api/chat/.%2e/${name}${tail}`,
    `/api/chat/%252e%252e/${name}${tail}`,
    `/v1/models/../..${plain}`,
    `/v1/models/%2e%2e/%2e%2e${plain}`,
    `/livez/..${plain}`,
    `${plain}/.`,
    `${plain}/..`,
    `${plain}.`,
    `/api/..;${plain}`,
    // Separators
    `/${plain}`,
    `/${api}//${name}${tail}`,
    `${plain}/`,
    `${plain}//`,
    `/${api}\\${name}${tail}`,
    `\\${api}\\${name}`,
    `/api/chat\\..\\${name}`,
    `${plain};`,
    `${plain};x=1`,
    `/${api};x/${name}${tail}`,
    `/api/chat;/../${name}${tail}`,
    `${plain}#`,
    `/livez#/..${plain}`,
    `/livez?/..${plain}`,
    // Other forms
    `http://gw${plain}`,
    `http://localhost:11434${plain}`,
    `https://gw${plain}`,
    `//gw${plain}`,
    `gw${plain}`,
    plain.slice(1),
    `*${plain}`,
    `${plain}.json`,
    `${plain},x`,
    `${plain}:x`,
    `${plain}@x`,
    `${plain}~`,
    `/k/${key}/..${plain}`,
    `/k/${key}//api/${name}`,
    `/k/${key}/k/${key}${plain}`,
    `/k/${key};${plain}`,
    `/k/${key}%2f${plain}`,
    `/v1${plain}`,
    `/call_model/..${plain}`,
    `/call_model${plain}`,
    `/console/..${plain}`,
  ]
}

function otherMethods(method: string): string[] {
  return ['post', 'Post', 'DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'OPTIONS', 'TRACE', 'PURGE', 'QUERY'].filter(
    (other) => other !== method,
  )
}

function hosts(path: string): string[] {
  return ['localhost/livez?x=', `localhost${path}?`, 'localhost:11434', 'gw@localhost', '127.0.0.1:11434', `gw${path}#`]
}

function fields(method: string, path: string): string[] {
  return [
    `X-HTTP-Method-Override: ${method}\r\nX-Original-URL: ${path}\r\n`,
    `X-Rewrite-URL: ${path}\r\nX-HTTP-Method: ${method}\r\n`,
    `X-Forwarded-Uri: ${path}\r\nX-Forwarded-Prefix: ${path}\r\nX-Method-Override: ${method}\r\n`,
  ]
}
