import { useStore } from '../store.ts'
import { chooseTheme, theme, themes } from '../theme.ts'
import { Icon } from './icons.tsx'

const icons = { system: 'half', light: 'sun', dark: 'moon' } as const

/** As the system has it, light, dark: one press goes on to the next. */
export function ThemeSwitch() {
  const chosen = useStore(theme)
  const next = themes[(themes.indexOf(chosen) + 1) % themes.length] ?? 'system'
  return (
    <button
      class="button quiet"
      type="button"
      aria-label={`Colours: ${chosen}. Change to ${next}`}
      title={`Colours: ${chosen}`}
      onClick={() => chooseTheme(next)}
    >
      <Icon name={icons[chosen]} />
    </button>
  )
}
