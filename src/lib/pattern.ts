/** Whether a part of a text fits the regular expression, in either case. */
export function patternMatcher(pattern: string): (text: string) => boolean {
  const expression = new RegExp(pattern, 'i')
  return (text) => expression.test(text)
}
