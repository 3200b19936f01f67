import type { UpstreamSettings } from '../../upstreams/settings.ts'
import { isLoopbackHost } from '../../http/listen-address.ts'
import { outerAddresses } from '../gateway-url.ts'
import type { Check } from './check.ts'
import { probe, versionOf } from './probe.ts'

/**
 * Whether others could reach an Ollama on this machine without passing the gateway. Only this machine's own addresses
 * are asked; what a firewall would do to a stranger cannot be seen from here.
 */
export async function checkAround(
  settings: UpstreamSettings,
  addresses: readonly string[] = outerAddresses(),
): Promise<Check[]> {
  const url = new URL(settings.url)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!settings.enabled || !(isLoopbackHost(host) || addresses.includes(host))) return []
  const name = `around ${settings.name}`
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const asked = addresses.map(async (address) => {
    const target = `${url.protocol}//${address.includes(':') ? `[${address}]` : address}:${port}${url.pathname.replace(/\/$/, '')}/api/version`
    const answer = await probe(target, { anyCertificate: true, timeoutMs: 1500 })
    return versionOf(answer) === undefined ? [] : [`${address}:${port}`]
  })
  const open = (await Promise.all(asked)).flat()
  if (open.length === 0)
    return [{ name, state: 'ok', message: 'It does not answer at the addresses that other machines reach' }]
  const message = `It also answers at ${open.join(' and ')}: whoever reaches that uses it without a key, around Corral`
  return [
    {
      name,
      state: 'warn',
      message,
      advice: 'Start Ollama with OLLAMA_HOST=127.0.0.1, or close the port in the firewall',
    },
  ]
}
