import { authority, callers, expected, type Need, type Verdict } from '../test/system/authority/authority-table.ts'

const cells: Readonly<Record<Verdict, string>> = {
  in: 'yes',
  'no session': '401',
  'no credential': '401',
  'wrong credential': '401',
  'missing scope': '403',
}

/** Who is let in where, from the table that the test of the whole route table goes by. */
export function authorityDocs(): string {
  const shown = Object.entries(callers).filter(([, caller]) => caller.shown === true)
  const needs = [...new Set(Object.values(authority))]
  const rows = needs.map((need) => [`\`${need}\``, ...shown.map(([, caller]) => cells[expected(need, caller)])])
  const table = [['what the route needs', ...shown.map(([name]) => name)], ['---', ...shown.map(() => '---')], ...rows]
  const lists = needs.map((need) => `- \`${need}\`: ${routesOf(need).join(', ')}`)
  return [...table.map((row) => `| ${row.join(' | ')} |`), '', ...lists].join('\n')
}

function routesOf(need: Need): string[] {
  return Object.entries(authority).flatMap(([route, own]) => (own === need ? [`\`${route}\``] : []))
}
