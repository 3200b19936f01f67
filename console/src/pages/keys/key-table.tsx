import type { ComponentChildren } from 'preact'
import type { Key } from '../../admin-types.ts'
import { Mark } from '../../parts/mark.tsx'
import { Table, type Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { linkTo, usePlace } from '../../place.ts'
import { stateMark } from './key-state.ts'
import { lastUsedColumn, limitsColumn } from './shared-columns.tsx'

interface KeyTableProps {
  readonly keys: readonly Key[]
  readonly withUser: boolean
  readonly empty: ComponentChildren
}

export function KeyTable({ keys, withUser, empty }: KeyTableProps) {
  const { query } = usePlace()
  const kept = Object.fromEntries(query)
  const columns = withUser ? keyColumns(kept) : keyColumns(kept).filter(({ key }) => key !== 'user')
  return (
    <Table
      label="Keys"
      rows={keys}
      columns={columns}
      rowKey={({ id }) => id}
      rowClass={({ state }) => (state === 'active' ? undefined : 'ended')}
      minWidth={72}
      sorted={{ by: 'used', down: true }}
      empty={empty}
    />
  )
}

function keyColumns(query: Readonly<Record<string, string>>): Column<Key>[] {
  return [
    {
      key: 'name',
      title: 'Name',
      sortBy: ({ name }) => name,
      cell: ({ id, name }) => (
        <a href={linkTo('keys', [id], query)} title={name}>
          {name}
        </a>
      ),
    },
    {
      key: 'user',
      title: 'User',
      width: '12%',
      sortBy: ({ user }) => user,
      cell: ({ user }) => <span title={user}>{user}</span>,
    },
    {
      key: 'state',
      title: 'State',
      width: '8rem',
      sortBy: ({ state }) => state,
      cell: ({ state }) => <Mark kind={stateMark(state)}>{state}</Mark>,
    },
    {
      key: 'scopes',
      title: 'May do',
      width: '17%',
      sortBy: ({ scopes }) => scopes.join(' '),
      cell: ({ scopes }) => <span title={scopes.join(', ')}>{scopes.join(', ')}</span>,
    },
    { key: 'models', title: 'Models', width: '13%', cell: ({ models }) => <ListText list={models} /> },
    limitsColumn('14%'),
    lastUsedColumn(),
    {
      key: 'ends',
      title: 'Ends',
      width: '7rem',
      end: true,
      sortBy: ({ revoked_at, expires_at }) => revoked_at ?? expires_at,
      cell: ({ revoked_at, expires_at }) => <Time at={revoked_at ?? expires_at} otherwise="never" />,
    },
  ]
}

function ListText({ list }: { readonly list: readonly string[] | null }) {
  if (list === null) return <span class="unknown">all</span>
  return <span title={list.join(', ')}>{list.join(', ')}</span>
}
