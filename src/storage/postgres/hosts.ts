/** The servers that a database URL names, one of which at a time is the one to connect to. */

export interface Host {
  /** A name, an address, or the folder of a socket. */
  readonly host: string
  readonly port: number
  /** As messages name it. */
  readonly shown: string
}

/**
 * All connections of a process go to the current host until one cannot be made or finds a server that
 * does not accept writes. Then the next host becomes current, and after the last one the first again.
 */
export class Hosts {
  readonly all: readonly Host[]
  #index = 0

  constructor(all: readonly Host[]) {
    this.all = all
  }

  get count(): number {
    return this.all.length
  }

  get current(): Host {
    return this.all[this.#index]!
  }

  /** Several connections may fail at once on one host, which is then left only once. */
  leave(host: Host): void {
    if (host === this.current) this.#index = (this.#index + 1) % this.all.length
  }
}
