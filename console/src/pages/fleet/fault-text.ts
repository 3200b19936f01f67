/** What the system says of a connection, in words. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'it broke the connection off',
  EHOSTUNREACH: 'its machine cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'the name service does not answer',
  ETIMEDOUT: 'it does not answer in time',
}

export function faultText(fault: string): string {
  const known = words[fault]
  return known === undefined ? fault : `${fault}: ${known}`
}
