/** What every route gets: its dependencies, and the server type with TypeBox schemas. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { KeyScope } from '../domain/directory.ts'
import type { Limits } from '../domain/limits.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { Gate } from './access.ts'
import type { AccessTokens } from './access-token.ts'
import type { ActingStores } from './acting-stores.ts'
import type { Admission } from './admission.ts'
import type { BaseUrlOf } from './base-url.ts'
import type { Connections } from './connections.ts'
import type { ConsoleSessions } from './console/sessions.ts'
import type { ImportSlots } from './import-slots.ts'
import type { PageTokens } from './page-token.ts'
import type { Turns } from './turns.ts'
import type { EmptyBranches } from './usage-record.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The connections of this server. */
    connections: Connections
  }
  interface FastifySchema {
    /** The route's name in the OpenAPI file, and so in generated clients. */
    operationId?: string
    /** The route's description in the OpenAPI file. */
    summary?: string
    /** True for pages, which the OpenAPI file leaves out. */
    hide?: boolean
  }
}

export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface RouteContext {
  readonly store: UsageStore
  readonly actingStores: ActingStores
  /** UTC seconds. */
  readonly clock: () => number
  readonly gates: Readonly<Record<KeyScope, Gate>>
  /** For routes whose credentials are not where the gates look for them. */
  readonly admission: Admission
  readonly sessions: ConsoleSessions
  readonly accessTokens: AccessTokens
  readonly tokens: PageTokens
  readonly baseUrlOf: BaseUrlOf
  readonly emptyBranches: EmptyBranches
  readonly limits: Limits
  readonly imports: ImportSlots
  readonly turns: Turns
  readonly onDelivery: () => void
}
