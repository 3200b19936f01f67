import type { Key } from '../../admin-types.ts'
import { session } from '../../api/session.ts'
import { useAsk, type Asked } from '../../api/use-ask.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { TextField } from '../../parts/field.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { goTo, linkTo, replacePlace, usePlace } from '../../place.ts'
import { useStore } from '../../store.ts'
import { AboutMe } from '../me/about-me.tsx'
import { allKeys, ownKeys, type KeyDoor } from './key-door.ts'
import { KeyDialog } from './key-dialog.tsx'
import { KeyTable } from './key-table.tsx'
import { NewKeyDialog } from './new-key-dialog.tsx'
import '../pages.css'

/** Everybody's keys for an admin, one's own for a member. */
export function KeysPage() {
  const state = useStore(session)
  const isAdmin = state.kind === 'in' && state.session.scopes.includes('admin')
  return isAdmin ? <AllKeysPage /> : <OwnKeysPage />
}

function AllKeysPage() {
  const asked = useAsk('GET /admin/keys', { input: {} })
  return (
    <>
      <PageHead title="Keys" note="A key is a secret of a user, with what it may do and how much.">
        <a class="button" href={linkTo('keys', ['new-agent'])}>
          New agent key
        </a>
        <a class="button main" href={linkTo('keys', ['new'])}>
          New key
        </a>
      </PageHead>
      <Keys asked={asked} door={allKeys} />
    </>
  )
}

function OwnKeysPage() {
  const asked = useAsk('GET /admin/me/keys')
  return (
    <>
      <PageHead title="Your keys" note="One for each device or program, so that one can be ended without the others.">
        <a class="button main" href={linkTo('keys', ['new'])}>
          New key
        </a>
      </PageHead>
      <AboutMe />
      <Keys asked={asked} door={ownKeys} />
    </>
  )
}

function Keys({ asked, door }: { readonly asked: Asked<Key[]>; readonly door: KeyDoor }) {
  return (
    <>
      <Answer asked={asked}>{(keys) => <KeyList keys={keys} door={door} />}</Answer>
      <OpenDialog asked={asked} door={door} />
    </>
  )
}

/** Which dialog is open stands in the address, so that other pages can point at it. */
function OpenDialog({ asked, door }: { readonly asked: Asked<Key[]>; readonly door: KeyDoor }) {
  const { rest, query } = usePlace()
  const [wanted] = rest
  const close = (): void => {
    goTo(linkTo('keys', [], Object.fromEntries(query)))
    void asked.reload()
  }
  if (wanted === 'new' || wanted === 'new-agent') {
    const kind = wanted === 'new-agent' ? 'agent' : { all: 'key' as const, own: 'own' as const }[door.kind]
    return <NewKeyDialog kind={kind} door={door} user={query.get('user') ?? ''} onClose={close} />
  }
  if (wanted === undefined || asked.answer === null) return null
  const key = asked.answer.find(({ id }) => id === wanted)
  if (key !== undefined) return <KeyDialog key={key.id} of={key} door={door} onChange={asked.reload} onClose={close} />
  return (
    <Dialog title="No such key" onClose={close}>
      <p>There is no key with the id {wanted}. It may be somebody else's, or its user was deleted.</p>
    </Dialog>
  )
}

function KeyList({ keys, door }: { readonly keys: readonly Key[]; readonly door: KeyDoor }) {
  const { query, rest } = usePlace()
  const search = query.get('search') ?? ''
  const user = query.get('user') ?? ''
  const showEnded = query.get('ended') === '1'
  const set = (changes: Readonly<Record<string, string>>): void => {
    const next = Object.fromEntries(
      Object.entries({ search, user, ended: showEnded ? '1' : '', ...changes }).filter(([, value]) => value !== ''),
    )
    replacePlace(linkTo('keys', rest, next))
  }
  const ofUser = keys.filter((key) => user === '' || key.user === user)
  const shown = ofUser.filter((key) => (showEnded || isLive(key)) && hasWords(key, search))
  const ended = ofUser.filter((key) => !isLive(key)).length
  return (
    <>
      <div class="filters">
        <TextField
          label="Find"
          type="search"
          value={search}
          onInput={(value) => set({ search: value })}
          placeholder="name, user, model, limit"
        />
        {door.kind === 'all' && (
          <TextField
            label="Of user"
            type="search"
            value={user}
            choices={[...new Set(keys.map((key) => key.user))]}
            onInput={(value) => set({ user: value })}
            placeholder="everybody"
          />
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={showEnded}
            onChange={(event) => set({ ended: event.currentTarget.checked ? '1' : '' })}
          />
          <span>Revoked and expired, {ended}</span>
        </label>
      </div>
      <KeyTable
        keys={shown}
        withUser={door.kind === 'all'}
        empty={<NoKeys filtered={ofUser.length > 0 || user !== ''} hasEnded={ended > 0} />}
      />
    </>
  )
}

function NoKeys({ filtered, hasEnded }: { readonly filtered: boolean; readonly hasEnded: boolean }) {
  if (filtered) {
    return (
      <Empty title="No key is like that">
        <p>Take a word out of the search{hasEnded && ', or show the revoked and expired ones too'}.</p>
      </Empty>
    )
  }
  return (
    <Empty title="No keys yet">
      <p>A key lets a program or a person in. Make one, and paste what is shown into the client.</p>
      <a class="button main" href={linkTo('keys', ['new'])}>
        New key
      </a>
    </Empty>
  )
}

function isLive({ state }: Key): boolean {
  return state === 'active' || state === 'disabled'
}

function hasWords(key: Key, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const { name, user, scopes, models, upstreams, pools, limits, state, hint, id } = key
  const text = [
    name,
    user,
    state,
    hint,
    id,
    ...scopes,
    ...(models ?? []),
    ...(upstreams ?? []),
    ...(pools ?? []),
    ...Object.keys(limits),
  ]
    .join('\n')
    .toLowerCase()
  return words.every((word) => text.includes(word))
}
