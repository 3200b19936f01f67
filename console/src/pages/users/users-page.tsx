import type { User } from '../../admin-types.ts'
import { useAsk } from '../../api/use-ask.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { TextField } from '../../parts/field.tsx'
import { Mark } from '../../parts/mark.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Answer, Empty } from '../../parts/states.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { goTo, linkTo, replacePlace, usePlace } from '../../place.ts'
import { NewUserDialog } from './new-user-dialog.tsx'
import { UserDialog } from './user-dialog.tsx'
import '../pages.css'
import { lastUsedColumn, limitsColumn } from '../keys/shared-columns.tsx'

export function UsersPage() {
  const asked = useAsk('GET /admin/users')
  const { rest, query } = usePlace()
  const [wanted] = rest
  const search = query.get('search') ?? ''
  const close = (): void => {
    goTo(linkTo('users', [], search === '' ? {} : { search }))
    void asked.reload()
  }
  const user = asked.answer?.find(({ id }) => id === wanted)
  return (
    <>
      <PageHead title="Users" note="A person or an app; what holds for a user holds for all of its keys together.">
        <a class="button main" href={linkTo('users', ['new'])}>
          New user
        </a>
      </PageHead>
      <Answer asked={asked}>{(users) => <UserList users={users} search={search} />}</Answer>
      {wanted === 'new' && <NewUserDialog onClose={close} />}
      {user !== undefined && <UserDialog key={user.id} of={user} onChange={asked.reload} onClose={close} />}
      {wanted !== undefined && wanted !== 'new' && asked.answer !== null && user === undefined && (
        <Dialog title="No such user" onClose={close}>
          <p>There is no user with the id {wanted}: it was deleted.</p>
        </Dialog>
      )}
    </>
  )
}

function UserList({ users, search }: { readonly users: readonly User[]; readonly search: string }) {
  const words = search.toLowerCase()
  const shown = users.filter(({ name, role, state }) => `${name}\n${role}\n${state}`.toLowerCase().includes(words))
  return (
    <>
      <div class="filters">
        <TextField
          label="Find"
          type="search"
          value={search}
          placeholder="name, role, state"
          onInput={(value) => replacePlace(linkTo('users', [], value === '' ? {} : { search: value }))}
        />
      </div>
      <Table
        label="Users"
        rows={shown}
        columns={columns}
        rowKey={({ id }) => id}
        rowClass={({ state }) => (state === 'active' ? undefined : 'ended')}
        minWidth={60}
        sorted={{ by: 'name', down: false }}
        empty={
          <Empty title="No user is like that">
            <p>Take a word out of the search, or make the user.</p>
          </Empty>
        }
      />
    </>
  )
}

const columns: Column<User>[] = [
  {
    key: 'name',
    title: 'Name',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => (
      <a href={linkTo('users', [id])} title={name}>
        {name}
      </a>
    ),
  },
  { key: 'role', title: 'Role', width: '6rem', sortBy: ({ role }) => role, cell: ({ role }) => role },
  {
    key: 'state',
    title: 'State',
    width: '8rem',
    sortBy: ({ state }) => state,
    cell: ({ state }) => <Mark kind={state === 'active' ? 'good' : 'pause'}>{state}</Mark>,
  },
  {
    key: 'keys',
    title: 'Keys',
    width: '5rem',
    end: true,
    sortBy: ({ active_keys }) => active_keys,
    cell: ({ name, active_keys }) => (
      <a href={linkTo('keys', [], { user: name })} aria-label={`${active_keys} keys of ${name}`}>
        {active_keys}
      </a>
    ),
  },
  limitsColumn('28%'),
  lastUsedColumn(),
  {
    key: 'made',
    title: 'Made',
    width: '7rem',
    end: true,
    sortBy: ({ created_at }) => Date.parse(created_at),
    cell: ({ created_at }) => <Time at={created_at} />,
  },
]
