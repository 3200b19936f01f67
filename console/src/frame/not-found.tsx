import { Empty } from '../parts/states.tsx'

export function NotFound() {
  return (
    <Empty title="There is no such page">
      <p>It may be one for admins only. The list of pages shows what there is.</p>
    </Empty>
  )
}
