import type { JSX } from 'preact'

const shapes = {
  // States differ by shape too, never by colour alone.
  good: <path d="M3 8.5 6.5 12 13 4.5" />,
  bad: <path d="M4 4l8 8M12 4l-8 8" />,
  warn: <path d="M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 12v.1" />,
  idle: <path d="M3 8h10" />,
  busy: <path d="M8 2a6 6 0 1 1-6 6" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  close: <path d="M4 4l8 8M12 4l-8 8" />,
  copy: <path d="M6 5.5h7v8H6zM10 5.5v-3H3v8h3" />,
  up: <path d="M4 10l4-4 4 4" />,
  down: <path d="M4 6l4 4 4-4" />,
  sun: (
    <path d="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
  ),
  moon: <path d="M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5z" />,
  half: <path d="M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12" />,
  menu: <path d="M2 4h12M2 8h12M2 12h12" />,
  out: <path d="M9.5 3H3v10h6.5M7 8h7M11.5 5.5 14 8l-2.5 2.5" />,
} satisfies Record<string, JSX.Element>

export type IconName = keyof typeof shapes

/** Beside a word that says the same; screen readers do not meet it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  )
}
