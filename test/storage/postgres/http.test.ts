/**
 * The API answers from PostgreSQL as it does from SQLite. Tests that never reach a store run here only
 * among the long ones.
 */
import { runOn } from '../../support/on-engine.ts'

const STORELESS = [
  'attacks',
  'base-url',
  'client-habits',
  'compression',
  'connections',
  'console-pages',
  'cross-origin',
  'delivery-limits',
  'import-slots',
  'kore-client',
  'openapi',
  'openapi-examples',
  'openapi-file',
  'page-token',
  'rates',
  'request-limits',
  'route-credentials',
  'server-timing',
  'shared-port',
  'tls',
  'turns',
  'usage-record',
  'wireless-client',
]

runOn('postgres', `http/!(${STORELESS.join('|')}).test.ts`)
