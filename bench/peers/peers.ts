/** From a contender's name to its code, which is loaded only if it runs. */
import type { ContenderName } from './contenders.ts'
import type { Peer } from './peer.ts'

type Maker = (target: string) => Promise<Peer>

const file = (target: string) => target.replace(/^sqlite:/, '')
const simtally: Maker = async (target) => new (await import('./simtally.ts')).Simtally(target)

/** A target is `sqlite:PATH`, whatever is at the path, or the URL of a server with a schema. */
export const PEERS: Readonly<Record<ContenderName, Maker>> = {
  simtally,
  'simtally-postgres': simtally,
  duckdb: async (target) => new (await import('./duckdb.ts')).DuckDb(file(target)),
  clickhouse: async (target) => new (await import('./clickhouse.ts')).ClickHouse(file(target)),
  'plain-sqlite': async (target) =>
    new (await import('./plain-sqlite.ts')).PlainSqlite(file(target)),
  'plain-postgres': async (target) =>
    new (await import('./plain-postgres.ts')).PlainPostgres(target),
}
