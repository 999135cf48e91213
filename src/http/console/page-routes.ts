/** `/console`, and `/docs`, where people read the API and try it out. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { PAGE_HEADERS } from './page-headers.ts'
import { addPages } from './pages.ts'

const BUILT = fileURLToPath(new URL('../../../dist', import.meta.url))

/** `folder` has a subfolder for each page, as `scripts/build-console.ts` writes it. */
export function addPageRoutes(
  server: HttpServer,
  { baseUrlOf }: Pick<RouteContext, 'baseUrlOf'>,
  folder: string = BUILT,
): void {
  addPages(server, {
    ...{ path: '/console', folder: join(folder, 'console'), baseUrlOf },
    hasViews: true,
  })
  addPages(server, {
    ...{ path: '/docs', folder: join(folder, 'docs-viewer'), baseUrlOf },
    hasViews: false,
    // The viewer's stylesheet embeds its icons.
    policy: PAGE_HEADERS['Content-Security-Policy'].replace(
      "img-src 'self'",
      "img-src 'self' data:",
    ),
  })
}
