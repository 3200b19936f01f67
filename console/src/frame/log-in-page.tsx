import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/api-error.ts'
import { logIn } from '../api/log-in.ts'
import type { WhyOut } from '../api/session.ts'
import { Button } from '../parts/button.tsx'
import { TextField } from '../parts/field.tsx'
import { ThemeSwitch } from '../parts/theme-switch.tsx'
import { CookieLost } from './cookie-lost.tsx'

const reasons: Readonly<Record<WhyOut, string | null>> = {
  new: null,
  'cookie-lost': null,
  link: 'The link does not log in any more: it works once, and for a minute. Make another with corral console.',
  left: 'You have logged out.',
  ended: 'The session has ended: its key was revoked or has expired, or nobody was here for a long time.',
}

export function LogInPage({ because }: { readonly because: WhyOut }) {
  const [key, setKey] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  async function enter(): Promise<void> {
    if (busy) return
    setBusy(true)
    setProblem(null)
    try {
      await logIn({ key: key.trim() })
    } catch (error) {
      setProblem(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  useEffect(() => {
    document.title = 'Log in · Corral'
  }, [])

  return (
    <div class="log-in">
      <main class="card">
        <header>
          <h1>Corral</h1>
          <ThemeSwitch />
        </header>
        {reasons[because] !== null && <p role="status">{reasons[because]}</p>}
        {because === 'cookie-lost' && <CookieLost />}
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void enter()
          }}
        >
          <TextField
            label="Key"
            type="password"
            value={key}
            onInput={setKey}
            hint="Any key of yours. Members see what is theirs, admins everything."
            error={problem}
            autoComplete="current-password"
            autoFocus
            required
          />
          <Button type="submit" kind="main">
            Log in
          </Button>
        </form>
        <p class="hint">
          No key at hand? On the machine of the gateway, <code>corral console</code> prints a link that logs in once.
        </p>
      </main>
    </div>
  )
}
