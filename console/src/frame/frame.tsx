import { useEffect, useRef } from 'preact/hooks'
import { logOut } from '../api/log-in.ts'
import type { Session } from '../api/session.ts'
import { pagesFor, type Page } from '../pages.ts'
import { Button } from '../parts/button.tsx'
import { Icon } from '../parts/icons.tsx'
import { ThemeSwitch } from '../parts/theme-switch.tsx'
import { linkTo, usePlace } from '../place.ts'
import { ConnectionMark } from './connection-mark.tsx'
import { NotFound } from './not-found.tsx'

/** Around every page: where one can go, who one is, and whether what is shown is of now. */
export function Frame({ session }: { readonly session: Session }) {
  const pages = pagesFor(session.scopes.includes('admin') ? 'admin' : 'member')
  const { page: asked } = usePlace()
  const page = asked === '' ? pages[0] : pages.find(({ name }) => name === asked)
  const main = useRef<HTMLElement>(null)
  const arrived = useRef(false)
  const title = page?.title ?? 'Not found'
  useEffect(() => {
    document.title = `${title} · Corral`
    // Who goes on by keyboard or listens starts at the top of the new page; who has just come, at that of everything.
    if (arrived.current) main.current?.focus({ preventScroll: true })
    arrived.current = true
    scrollTo(0, 0)
  }, [title])
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={linkTo(pages[0]?.name ?? '')}>
          Corral
        </a>
        <ConnectionMark />
        <span class="who" title={`Logged in with key ${session.key_name}`}>
          {session.user}
        </span>
        <ThemeSwitch />
        <Button kind="quiet" label="Log out" title="Log out" onClick={logOut}>
          <Icon name="out" />
        </Button>
      </header>
      <Navigation pages={pages} current={page} />
      <main id="main" ref={main} tabIndex={-1}>
        {page === undefined ? <NotFound /> : <page.component key={page.name} />}
      </main>
    </div>
  )
}

function Navigation({ pages, current }: { readonly pages: readonly Page[]; readonly current: Page | undefined }) {
  const nav = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a phone it is one line, longer than the screen is wide.
    const link = nav.current?.querySelector<HTMLElement>('[aria-current]')
    if (link != null) nav.current?.scrollTo({ left: link.offsetLeft - 80 })
  }, [current])
  return (
    <nav class="pages" aria-label="Pages" ref={nav}>
      <ul>
        {pages.map(({ name, title }) => (
          <li key={name}>
            <a href={linkTo(name)} aria-current={name === current?.name ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
