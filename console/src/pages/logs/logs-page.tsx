import { linkTo, usePlace } from '../../place.ts'
import { PageHead } from '../../parts/page-head.tsx'
import { ExchangeLog } from './exchange-log.tsx'
import { GatewayLog } from './gateway-log.tsx'
import '../pages.css'
import './logs.css'

/** What was asked, and what the gateway itself had to say. */
export function LogsPage() {
  const { rest } = usePlace()
  const isGateway = rest[0] === 'gateway'
  return (
    <>
      <PageHead title="Logs" note="Since the gateway started. Neither has prompts or answers in it." />
      <nav class="tabs" aria-label="Logs">
        <a href={linkTo('logs')} aria-current={isGateway ? undefined : 'page'}>
          Requests
        </a>
        <a href={linkTo('logs', ['gateway'])} aria-current={isGateway ? 'page' : undefined}>
          Gateway
        </a>
      </nav>
      {isGateway ? <GatewayLog /> : <ExchangeLog />}
    </>
  )
}
