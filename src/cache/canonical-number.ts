const SHORT_WHOLE = /^-?(?:0|[1-9]\d{0,14})$/
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/
/** A whole number of up to so many digits is written without an exponent. */
const MOST_DIGITS = 15

/**
 * One text for each value, whichever way it was written: `1`, `1.0` and `10e-1` are the same, and no two values are,
 * however close: a seed may have more digits than a float holds. Undefined for an exponent that nobody means.
 */
export function canonicalNumber(written: string): string | undefined {
  if (SHORT_WHOLE.test(written)) return written
  const parts = PARTS.exec(written)
  if (parts === null) return undefined
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return `${sign}0`
  const significant = withoutTrailingZeros(digits)
  const exponent = Number(power) - fraction.length + (digits.length - significant.length)
  if (exponent >= 0 && significant.length + exponent <= MOST_DIGITS) return sign + significant + '0'.repeat(exponent)
  return `${sign}${significant}e${exponent}`
}

/** Not by a pattern, which would try again from each zero. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
