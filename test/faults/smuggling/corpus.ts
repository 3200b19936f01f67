/**
 * Requests that two parsers could read in two ways, byte for byte. `refused`: at most one answer, a 4xx or 505, the
 * connection closes, and nothing of it reaches an upstream. `served`: `reaches` arrives there, and no more.
 */
export interface SmugglingCase {
  readonly name: string
  /** One character for a byte. */
  readonly bytes: string
  readonly verdict: 'refused' | 'served'
  /** `METHOD path` of what may arrive behind the gateway; a body counts only when it is whole. */
  readonly reaches: readonly string[]
}

/** `key` must be allowed to chat and to read models. */
export function smugglingCorpus(key: string): readonly SmugglingCase[] {
  const auth = `Authorization: Bearer ${key}\r\n`
  const head = `Host: gw\r\n${auth}`
  const body = '{"model":"tiny","stream":false}'
  const length = `Content-Length: ${body.length}\r\n`
  const chunked = 'Transfer-Encoding: chunked\r\n'
  const asChunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  /** What an attacker would hide. */
  const hidden = `GET /api/status HTTP/1.1\r\n${head}\r\n`
  const post = (fields: string, content: string) => `POST /api/show HTTP/1.1\r\n${fields}\r\n${content}`
  const get = (target: string) => `GET ${target} HTTP/1.1\r\n${head}\r\n`

  const h2c = '\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n'

  const refused = (name: string, bytes: string): SmugglingCase => ({ name, bytes, verdict: 'refused', reaches: [] })
  const served = (name: string, bytes: string, ...reaches: string[]): SmugglingCase => ({
    name,
    bytes,
    verdict: 'served',
    reaches,
  })

  const withHost = (host: string) => get('/api/status').replace('Host: gw\r\n', host)
  const withLength = (...values: string[]) =>
    post(head + values.map((value) => `Content-Length: ${value}\r\n`).join(''), body + hidden)
  const withCoding = (field: string) => post(`${head}${field}\r\n`, asChunk + hidden)
  const withChunks = (chunks: string) => post(head + chunked, chunks + hidden)
  const withField = (field: string) => post(`${head}${field}\r\n${length}`, body + hidden)
  const withLine = (line: string) => `${line}\r\n${head}\r\n${hidden}`

  return [
    // Host (RFC 9112 section 3.2)
    refused('Host twice, equal', withHost('Host: gw\r\nHost: gw\r\n')),
    refused('Host twice, different', withHost('Host: gw\r\nHost: evil\r\n')),
    refused('no Host', withHost('')),
    refused('empty Host', withHost('Host:\r\n')),
    refused('user information in Host', withHost('Host: gw@evil\r\n')),
    refused('a path in Host', withHost('Host: localhost/health?x=\r\n')),
    refused('a space in Host', withHost('Host: gw evil\r\n')),
    refused('a list in Host', withHost('Host: gw, evil\r\n')),
    refused('a port that is none', withHost('Host: gw:http\r\n')),
    refused('bytes beyond ASCII in Host', withHost('Host: g\u00fc\r\n')),
    refused('space before the colon of Host', withHost('Host : gw\r\n')),
    refused('Host folded', withHost('Host:\r\n gw\r\n')),

    // Content-Length and Transfer-Encoding (sections 6.1 to 6.3)
    refused('length and chunks', post(head + length + chunked, asChunk + hidden)),
    refused('chunks and length', post(head + chunked + length, asChunk + hidden)),
    refused('length 0 and chunks', post(`${head}Content-Length: 0\r\n${chunked}`, asChunk + hidden)),
    refused('length twice, equal', withLength(String(body.length), String(body.length))),
    refused('length twice, different', withLength(String(body.length), '0')),
    refused('a list of lengths', withLength(`${body.length}, ${body.length}`)),
    refused('a length with a sign', withLength(`+${body.length}`)),
    refused('a negative length', withLength('-1')),
    refused('a hexadecimal length', withLength('0x1f')),
    refused('an empty length', withLength('')),
    refused('a length with a space inside', withLength('3 1')),
    refused('a length beyond all bounds', withLength('99999999999999999999')),
    refused('a length with a fraction', withLength('31.0')),
    refused(
      'space before the colon of Content-Length',
      post(`${head}Content-Length : ${body.length}\r\n`, body + hidden),
    ),
    refused('an underscore in Content_Length', post(`${head}Content_Length: 5\r\n${length}`, body + hidden)),
    refused('coding identity', withCoding('Transfer-Encoding: identity')),
    refused('coding identity, chunked', withCoding('Transfer-Encoding: identity, chunked')),
    refused('coding chunked, identity', withCoding('Transfer-Encoding: chunked, identity')),
    refused('coding chunked, chunked', withCoding('Transfer-Encoding: chunked, chunked')),
    refused('coding gzip, chunked', withCoding('Transfer-Encoding: gzip, chunked')),
    refused('coding xchunked', withCoding('Transfer-Encoding: xchunked')),
    refused('coding quoted', withCoding('Transfer-Encoding: "chunked"')),
    refused('coding with a parameter', withCoding('Transfer-Encoding: chunked;q=1')),
    refused('coding twice', withCoding('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')),
    refused('coding twice, one unknown', withCoding('Transfer-Encoding: chunked\r\nTransfer-encoding: cow')),
    refused('space before the colon of Transfer-Encoding', withCoding('Transfer-Encoding : chunked')),
    refused('coding after a vertical tab', withCoding('Transfer-Encoding:\u000bchunked')),
    refused('coding with a NUL', withCoding('Transfer-Encoding: chunked\0')),
    refused('coding folded', withCoding('Transfer-Encoding:\r\n chunked')),
    refused(
      'coding hidden in a fold',
      post(`${head}X-A: b\r\n Transfer-Encoding: chunked\r\n${length}`, body + hidden),
    ),
    refused(
      'an underscore in Transfer_Encoding',
      post(`${head}Transfer_Encoding: chunked\r\n${length}`, body + hidden),
    ),
    refused('coding behind a bare carriage return', withField('X-A: b\rTransfer-Encoding: chunked')),
    refused('coding behind a bare line feed', withField('X-A: b\nTransfer-Encoding: chunked')),
    refused('chunks on HTTP/1.0', post(head + chunked, asChunk + hidden).replace('HTTP/1.1', 'HTTP/1.0')),

    // Chunks (section 7.1)
    refused('a chunk size with 0x', withChunks(`0x${asChunk}`)),
    refused('a chunk size with a sign', withChunks(`+${asChunk}`)),
    refused('a negative chunk size', withChunks('-1\r\n\r\n0\r\n\r\n')),
    refused('a chunk size beyond all bounds', withChunks('fffffffffffffffff\r\nx\r\n0\r\n\r\n')),
    refused('an empty chunk size', withChunks('\r\n0\r\n\r\n')),
    refused('a chunk size that ends in a line feed', withChunks(asChunk.replace('\r\n', '\n'))),
    refused('a chunk size that ends in a carriage return', withChunks(asChunk.replace('\r\n', '\r'))),
    refused('a chunk longer than it says', withChunks(asChunk.replace('1f', '1e'))),
    refused('a chunk without its line end', withChunks(asChunk.replace('}\r\n', '}'))),
    refused('a chunk extension with a line feed', withChunks(asChunk.replace('1f', '1f;a\n'))),
    refused('a chunk extension with a carriage return', withChunks(asChunk.replace('1f', '1f;a\rb'))),
    refused('chunk extensions of 20 KB', withChunks(asChunk.replace('1f', `1f;${'a'.repeat(20_000)}`))),
    refused('a last chunk that ends in a line feed', withChunks(asChunk.replace(/0\r\n\r\n$/, '0\n\n'))),
    refused('trailers of 20 KB', withChunks(asChunk.replace(/\r\n$/, `X-A: ${'a'.repeat(20_000)}\r\n\r\n`))),
    refused('a length in the trailers', withChunks(asChunk.replace(/\r\n$/, 'Content-Length: 5\r\n\r\n'))),
    refused('a coding in the trailers', withChunks(asChunk.replace(/\r\n$/, 'Transfer-Encoding: chunked\r\n\r\n'))),
    refused('a trailer without a colon', withChunks(asChunk.replace(/\r\n$/, 'X-A\r\n\r\n'))),

    // Field syntax (section 5)
    refused('line feeds alone', get('/api/status').replaceAll('\r\n', '\n')),
    refused('a folded field', withField('X-A: b\r\n c')),
    refused('a fold before the first field', withLine('GET /api/status HTTP/1.1\r\n X-A: b')),
    refused('a NUL in a value', withField('X-A: a\0b')),
    refused('a NUL in a name', withField('X\0A: b')),
    refused('DEL in a value', withField('X-A: a\u007fb')),
    refused('a bell in a value', withField('X-A: a\u0007b')),
    refused('a field without a colon', withField('X-A')),
    refused('a field without a name', withField(': b')),
    refused('a space in a name', withField('X A: b')),
    refused('a parenthesis in a name', withField('X(A): b')),
    refused('a space before the colon', withField('X-A : b')),
    refused('two keys', withField('Authorization: Bearer other')),
    refused('a key with an underscore', withField('X_API_Key: other')),
    refused('an underscore in X_Forwarded_For', withField('X_Forwarded_For: 127.0.0.1')),
    refused('101 fields', withField(Array.from({ length: 98 }, (_, i) => `X-${i}: a`).join('\r\n'))),
    refused('a field of 16 KB', withField(`X-A: ${'a'.repeat(16_384)}`)),
    refused(
      'many fields of 16 KB together',
      withField(Array.from({ length: 90 }, () => `X-A: ${'a'.repeat(200)}`).join('\r\n')),
    ),

    // Request line (section 3)
    refused('absolute form', get('http://gw/api/status')),
    refused('absolute form of another host', get('http://evil/api/status')),
    refused('authority form', get('gw:80')),
    refused('asterisk form', `OPTIONS * HTTP/1.1\r\n${head}\r\n`),
    refused('no slash', get('api/status')),
    refused('a tab for a space', withLine('GET\t/api/status HTTP/1.1')),
    refused('something after the version', withLine('GET /api/status HTTP/1.1 x')),
    refused('no version', 'GET /api/status\r\n\r\n'),
    refused('HTTP/0.9', withLine('GET /api/status HTTP/0.9')),
    refused('HTTP/1.2', withLine('GET /api/status HTTP/1.2')),
    refused('HTTP/2.0', withLine('GET /api/status HTTP/2.0')),
    refused('HTTP/1.1 in lower case', withLine('GET /api/status http/1.1')),
    refused('the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`),
    refused('a method in lower case', withLine('get /api/status HTTP/1.1')),
    refused('an unknown method', withLine('BREW /api/status HTTP/1.1')),
    refused('TRACE', withLine('TRACE /api/status HTTP/1.1')),
    refused('CONNECT', withLine('CONNECT gw:443 HTTP/1.1')),
    refused('a fragment', get('/api/status#x')),
    refused('a NUL in the target', get('/api/status\0')),
    refused('bytes beyond ASCII in the target', get('/api/st\u00e4tus')),
    refused('a space before the request', ` ${get('/api/status')}`),
    refused('a target of 10 KB', get(`/api/status?${'a'.repeat(10_000)}`)),
    ...[
      '/api/../api/status',
      '/api/%2e%2e/api/status',
      '/api/%2E%2E/api/status',
      '/./api/status',
      '//api/status',
      '/api//status',
      '/api/status;x',
      '/api;/status',
      '/api\\status',
      '/api%2fstatus',
      '/api%5cstatus',
      '/api/status%00',
      '/api/%252e%252e/status',
      '/api%252fstatus',
      '/api/%c0%ae/status',
      '/api/status%',
      '/api/status%zz',
      '/api/status%0d%0aX:y',
      '/..',
      '/api/status/..',
    ].map((target) => refused(`target ${target}`, get(target))),

    // Bodies where none belongs, and expectations (RFC 9110 sections 9.3, 10.1.1)
    refused(
      'GET with a length',
      `GET /api/status HTTP/1.1\r\n${head}Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
    ),
    refused('GET with chunks', `GET /api/status HTTP/1.1\r\n${head}${chunked}\r\n${asChunk}${hidden}`),
    refused('HEAD with a length', `HEAD /api/status HTTP/1.1\r\n${head}Content-Length: 3\r\n\r\nabc${hidden}`),
    refused('OPTIONS with a length', `OPTIONS /api/status HTTP/1.1\r\n${head}Content-Length: 3\r\n\r\nabc${hidden}`),
    refused('an unknown expectation', withField('Expect: 200-ok')),
    refused('an expectation in a list', withField('Expect: 100-continue, 100-continue')),
    refused('an expectation twice', withField('Expect: 100-continue\r\nExpect: 100-continue')),
    refused('an expectation with a parameter', withField('Expect: y 100-continue')),
    refused(
      'an expectation of a GET with a body',
      `GET /api/status HTTP/1.1\r\n${head}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc`,
    ),

    // What is allowed, so that the strictness above is not mere deafness
    served('a length', withField('X-A: b'), 'POST /api/show', 'GET /api/status'),
    served('a length with white space around', withLength(` \t${body.length} \t`), 'POST /api/show', 'GET /api/status'),
    served('chunks', withChunks(asChunk), 'POST /api/show', 'GET /api/status'),
    served(
      'names and codings in any case',
      withCoding('tRaNsFeR-eNcOdInG: ChUnKeD'),
      'POST /api/show',
      'GET /api/status',
    ),
    served(
      'chunk sizes with zeros and extensions',
      withChunks(asChunk.replace('1f', '00001F;a=b;c="d"')),
      'POST /api/show',
      'GET /api/status',
    ),
    served(
      'trailers that mean nothing',
      withChunks(asChunk.replace(/\r\n$/, 'X-Sum: 5\r\nHost: evil\r\n\r\n')),
      'POST /api/show',
      'GET /api/status',
    ),
    served('spaces before the target', withLine('GET   /api/status HTTP/1.1'), 'GET /api/status', 'GET /api/status'),
    served('two requests in one packet', get('/api/status') + get('/api/status'), 'GET /api/status', 'GET /api/status'),
    served('empty lines before the request', `\r\n\r\n${get('/api/status')}`, 'GET /api/status'),
    served(
      '100 fields',
      withField(Array.from({ length: 97 }, (_, i) => `X-${i}: a`).join('\r\n')),
      'POST /api/show',
      'GET /api/status',
    ),
    served(
      'an upgrade to h2c, ignored, and nothing after it',
      get('/api/status').replace('\r\n\r\n', h2c) + hidden,
      'GET /api/status',
    ),
    served(
      'Connection that names protected fields',
      withField('Connection: authorization, host, content-length, content-type'),
      'POST /api/show',
      'GET /api/status',
    ),
    served('bytes beyond ASCII in a value', withField('X-Title: caf\u00e9'), 'POST /api/show', 'GET /api/status'),
    served(
      'an underscore in a name that means nothing',
      withField('session_id: 1'),
      'POST /api/show',
      'GET /api/status',
    ),
    served('an expectation that is known', withField('Expect: 100-continue'), 'POST /api/show', 'GET /api/status'),
    served(
      'nothing after Connection: close',
      get('/api/status').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') + hidden,
      'GET /api/status',
    ),
    served(
      'nothing after a body that is longer than it says',
      post(`${head}Content-Length: ${body.length}\r\n`, `${body}more${hidden}`),
      'POST /api/show',
    ),
    served('nothing after HTTP/1.0', get('/api/status').replace('HTTP/1.1', 'HTTP/1.0') + hidden, 'GET /api/status'),
  ]
}
