import { connection } from '../api/live.ts'
import { Mark } from '../parts/mark.tsx'
import { Time } from '../parts/time.tsx'
import { useStore } from '../store.ts'

/** Whether what the page shows is of now. */
export function ConnectionMark() {
  const { state, since } = useStore(connection)
  return (
    <span class={`connection ${state}`}>
      <span role="status">
        {state === 'open' && <Mark kind="good">live</Mark>}
        {state === 'connecting' && <Mark kind="busy">connecting</Mark>}
        {state === 'lost' && <Mark kind="bad">connection lost</Mark>}
      </span>
      {/* Beside the status, which would be read out again with every second. */}
      {state === 'lost' && (
        <span class="cut">
          <Time at={since} />, trying again
        </span>
      )}
    </span>
  )
}
