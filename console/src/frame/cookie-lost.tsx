import { Icon } from '../parts/icons.tsx'

/** Browsers keep a secure cookie only from where nobody can listen. */
export function CookieLost() {
  const { hostname, port, protocol } = location
  const tunnelPort = port === '' ? '11435' : port
  return (
    <div class="state problem" role="alert">
      <h2>
        <Icon name="warn" /> Your browser did not keep the login
      </h2>
      <p>
        {protocol === 'http:'
          ? 'The key was right, but this page came over plain HTTP, where browsers drop the cookie that keeps you logged in. One of these helps:'
          : 'The key was right, but the browser dropped the cookie. Does it block cookies of this site?'}
      </p>
      <ul>
        <li>
          Give the gateway a certificate (<code>tls</code> in <code>corral.yaml</code>), or put a reverse proxy with TLS
          in front of it.
        </li>
        <li>
          Open a tunnel: <code>{`ssh -L ${tunnelPort}:127.0.0.1:${tunnelPort} ${hostname}`}</code>, then go to{' '}
          <code>{`http://127.0.0.1:${tunnelPort}/console/`}</code>
        </li>
        <li>
          On the machine of the gateway: <code>corral console</code>
        </li>
      </ul>
    </div>
  )
}
