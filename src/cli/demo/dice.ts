/**
 * Repeatable chance: whole numbers name the dice, and the same name throws the same numbers on every machine.
 * Integer arithmetic only, so that no engine's rounding makes runs differ.
 */
export interface Dice {
  /** A whole number from 0 to 2^32 - 1. */
  next(): number
  /** A whole number from 0 to `limit` - 1; `limit` is at most 2^32. */
  below(limit: number): number
  /** True in `permille` of 1000 throws. */
  chance(permille: number): boolean
}

export function diceOf(...name: readonly number[]): Dice {
  let state = 0x51_37_a1_1e
  for (const part of name) state = scramble(state ^ part) + 0x9e37_79b9
  const next = () => {
    state = (state + 0x9e37_79b9) | 0
    return scramble(state)
  }
  const below = (limit: number) => Math.floor((next() / 0x1_0000_0000) * limit)
  return { next, below, chance: (permille) => below(1000) < permille }
}

/** The finalizer of splitmix32: every bit of the input changes about half of the output. */
function scramble(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x21f0_aaad)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x735a_2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
