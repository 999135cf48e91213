/** All contenders, by the names that knobs and results use. Files of their own say how they work. */

export interface Contender {
  readonly name: string
  readonly title: string
  /** Where its store is: in a file or folder, or in a schema of a server. */
  readonly place: 'file' | 'server'
}

export const CONTENDERS = [
  { name: 'simtally', title: 'Simtally on SQLite', place: 'file' },
  { name: 'simtally-postgres', title: 'Simtally on PostgreSQL', place: 'server' },
  { name: 'duckdb', title: 'DuckDB, primary key', place: 'file' },
  { name: 'clickhouse', title: 'ClickHouse in process', place: 'file' },
  { name: 'plain-sqlite', title: 'Plain SQLite', place: 'file' },
  { name: 'plain-postgres', title: 'Plain PostgreSQL', place: 'server' },
] as const satisfies readonly Contender[]

export type ContenderName = (typeof CONTENDERS)[number]['name']

export const isSimtally = ({ name }: Contender) => name.startsWith('simtally')
