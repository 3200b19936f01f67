import { Icon } from '../parts/icons.tsx'

/** Browsers keep a secure cookie only from where nobody can listen. */
export function CookieLost() {
  return (
    <div class="state problem" role="alert">
      <h2>
        <Icon name="warn" /> Your browser did not keep the login
      </h2>
      {location.protocol === 'https:' ? <OverTls /> : <OverHttp />}
    </div>
  )
}

function OverTls() {
  return <p>The key was right, but the browser dropped the cookie. Does it block cookies of this site?</p>
}

function OverHttp() {
  const isHere = /^(127\.|localhost$|\[::1\]$)/.test(location.hostname)
  return (
    <>
      <p>
        The key was right, but this page came over plain HTTP, where{' '}
        {isHere ? 'Safari drops the cookie that keeps you logged in, on this machine too' : WHY}. One of these helps:
      </p>
      <ul>
        {isHere && <li>Use another browser: Chrome, Edge and Firefox keep it on this machine.</li>}
        <li>
          Give the gateway a certificate (<code>tls</code> in <code>corral.yaml</code>), or put a reverse proxy with TLS
          in front of it.
        </li>
        {!isHere && <FromTheMachine />}
      </ul>
    </>
  )
}

const WHY = 'browsers drop the cookie that keeps you logged in'

function FromTheMachine() {
  const { hostname, port } = location
  const tunnelPort = port === '' ? '11435' : port
  return (
    <>
      <li>
        Open a tunnel: <code>{`ssh -L ${tunnelPort}:127.0.0.1:${tunnelPort} ${hostname}`}</code>, then go to{' '}
        <code>{`http://127.0.0.1:${tunnelPort}/console/`}</code>
      </li>
      <li>
        On the machine of the gateway: <code>corral console</code>
      </li>
    </>
  )
}
