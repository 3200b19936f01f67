const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Why no connection to the gateway came about, in words that say what to look at. */
export function dialProblem(error: Error, url: string): string {
  const code = codeOf(error)
  const { host, hostname } = new URL(url)
  if (untrusted.has(code) || /UnknownIssuer/.test(error.message)) {
    return `the certificate of ${host} is from an authority that is not known here: name it with --ca`
  }
  if (code.startsWith('HPE_')) return `what answers at ${url} does not speak HTTP`
  const words: Record<string, string> = {
    ECONNREFUSED: `nothing listens at ${url}`,
    ECONNRESET: `${host} broke the connection off`,
    ENOTFOUND: `the host name ${hostname} is not known`,
    EAI_AGAIN: `the host name ${hostname} cannot be looked up now`,
    EHOSTUNREACH: `there is no way to ${host}`,
    ENETUNREACH: `there is no way to ${host}`,
    ETIMEDOUT: `${host} does not answer`,
    EPROTO: `what answers at ${url} does not speak TLS: is it http://?`,
    CERT_HAS_EXPIRED: `the certificate of ${host} has expired`,
    ERR_TLS_CERT_ALTNAME_INVALID: `the certificate of ${host} is for another name`,
  }
  return words[code] ?? `no connection to ${host}: ${firstLine(error)}${code === '' ? '' : ` (${code})`}`
}

/** An AggregateError of several addresses has its code from the last. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function firstLine({ message }: Error): string {
  return (message.split('\n')[0] ?? '').slice(0, 200)
}
