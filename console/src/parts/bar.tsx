/** How much of something is used; the words beside it are the caller's. */
export function Bar({ value, max, label }: { readonly value: number; readonly max: number; readonly label: string }) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0
  return (
    <div
      class={share > 0.9 ? 'bar full' : 'bar'}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
    >
      <div style={{ inlineSize: `${(share * 100).toFixed(1)}%` }} />
    </div>
  )
}
