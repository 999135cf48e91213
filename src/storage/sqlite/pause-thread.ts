/** Blocks this thread. Only for threads that serve nobody else meanwhile. */
export function pauseThread(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
