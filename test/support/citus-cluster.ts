/** Separate databases for tests, on every server of the tests' Citus cluster. */
import { execute, newName, serverUrl, type TempPlace } from './postgres-schema.ts'

/** Ending Citus's own connections to a database takes a moment, during which it cannot be dropped. */
const DROPS_MAX = 20

export interface ClusterDatabase extends TempPlace {
  /** Makes it a database of the cluster: adds the extension everywhere, and registers the servers. */
  addCitus(): Promise<void>
}

/**
 * A new, empty database without the extension on each server of the cluster; the URL is the
 * coordinator's.
 */
export async function newClusterDatabase(): Promise<ClusterDatabase> {
  const server = await serverUrl('citus')
  const [nodes] = await execute(
    server,
    `SELECT groupid, nodename, nodeport FROM pg_dist_node
     WHERE noderole = 'primary' ORDER BY groupid`,
  )
  const workers = nodes!.rows.filter(({ groupid }) => groupid !== 0)
  if (workers.length === 0) throw new Error('SIMTALLY_TEST_CITUS_URL: its cluster has no worker')
  const own = new URL(server)
  const coordinator = nodes!.rows.find(({ groupid }) => groupid === 0) ?? {
    nodename: own.hostname,
    nodeport: Number(own.port || 5432),
  }
  const name = newName()
  const urlOf = (database: string, node?: { nodename: string; nodeport: number }) => {
    const url = new URL(server)
    if (node !== undefined) {
      url.hostname = node.nodename
      url.port = String(node.nodeport)
    }
    url.pathname = `/${database}`
    return url.href
  }
  const everywhere = async (database: string, ...statements: string[]) => {
    for (const node of [undefined, ...workers]) await execute(urlOf(database, node), ...statements)
  }
  const remove = async () => {
    for (let drops = 1; ; drops++) {
      try {
        return await everywhere('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      } catch (error) {
        if (drops === DROPS_MAX) throw error
      }
    }
  }
  try {
    await everywhere('postgres', `CREATE DATABASE ${name} TEMPLATE template0`)
  } catch (error) {
    await remove()
    throw error
  }
  return {
    url: urlOf(name),
    remove,
    addCitus: async () => {
      await everywhere(name, 'CREATE EXTENSION citus')
      const { nodename: host, nodeport: port } = coordinator
      await execute(
        urlOf(name),
        `SELECT citus_set_coordinator_host('${host}', ${port})`,
        ...workers.map(
          ({ nodename, nodeport }) => `SELECT citus_add_node('${nodename}', ${nodeport})`,
        ),
      )
    },
  }
}
