import { exchanges } from '../../api/live.ts'
import { PageHead } from '../../parts/page-head.tsx'
import { Empty, Loading } from '../../parts/states.tsx'
import { useStore } from '../../store.ts'

export function LivePage() {
  const all = useStore(exchanges)
  return (
    <>
      <PageHead title="Live" />
      {all === null ? <Loading /> : <Empty title={`${all.length} requests`} />}
    </>
  )
}
