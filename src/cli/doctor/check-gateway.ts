import type { HttpSettings } from '../../http/settings.ts'
import { gatewayUrl } from '../gateway-url.ts'
import type { Check } from './check.ts'
import { probe, type Answer } from './probe.ts'

export async function checkGateway(http: HttpSettings): Promise<Check> {
  const name = 'gateway'
  if (http.listen[0]?.port === 0)
    return { name, state: 'ok', message: 'It listens on any free port, so it cannot be looked for' }
  const url = gatewayUrl(http)
  const answer = await probe(`${url}/health`, { anyCertificate: true })
  if (isCorral(answer)) return { name, state: 'ok', message: `It runs at ${url}` }
  if (answer.kind === 'failed') {
    return {
      name,
      state: 'warn',
      message: `Nothing runs at ${url} (${answer.reason})`,
      advice: 'Start it: corral serve',
    }
  }
  const advice = 'Stop what listens there, or set another listen address'
  return { name, state: 'fail', message: `Something else than Corral runs at ${url}`, advice }
}

function isCorral(answer: Answer): boolean {
  if (answer.kind === 'failed' || typeof answer.json !== 'object' || answer.json === null) return false
  return 'status' in answer.json && (answer.json.status === 'ok' || answer.json.status === 'unavailable')
}
