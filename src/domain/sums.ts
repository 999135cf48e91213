/** Whole numbers of any size, exactly. */

/**
 * A number up to 2^53 - 1, and a bigint beyond, so that equal sums are equal by `===`. Sums can pass 2^53
 * although no single counter does. Nearly all stay below it, where numbers are several times quicker.
 */
export type Sum = number | bigint

/** In the form that it has as a sum. */
export function sumOf(value: bigint): Sum {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function plus(a: Sum, b: Sum): Sum {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return sumOf(BigInt(a) + BigInt(b))
}
