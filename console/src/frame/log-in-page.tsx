import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/api-error.ts'
import { logIn, takeLink } from '../api/log-in.ts'
import { Button } from '../parts/button.tsx'
import { TextField } from '../parts/field.tsx'
import { ThemeSwitch } from '../parts/theme-switch.tsx'
import { CookieLost } from './cookie-lost.tsx'

const reasons = {
  new: null,
  left: 'You have logged out.',
  ended: 'The session has ended: its key was revoked or has expired, or nobody was here for a long time.',
} as const

export function LogInPage({ because }: { readonly because: keyof typeof reasons }) {
  const [key, setKey] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [cookieLost, setCookieLost] = useState(false)

  async function enter(credential: Parameters<typeof logIn>[0]): Promise<void> {
    setProblem(null)
    try {
      setCookieLost((await logIn(credential)) === 'cookie-lost')
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  useEffect(() => {
    document.title = 'Log in · Corral'
    const link = takeLink()
    if (link !== null) void enter({ link })
  }, [])

  return (
    <div class="log-in">
      <main class="card">
        <header>
          <h1>Corral</h1>
          <ThemeSwitch />
        </header>
        {reasons[because] !== null && <p role="status">{reasons[because]}</p>}
        {cookieLost ? <CookieLost /> : null}
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void enter({ key: key.trim() })
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
