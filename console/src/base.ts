/** Where the console and the API are. The page says so, because the server may be below a prefix. */

const stated = document.querySelector<HTMLMetaElement>('meta[name="console-path"]')?.content ?? ''

/** Begins and ends with a slash: `/console/`. */
export const CONSOLE_PATH = stated.startsWith('/') ? stated : '/console/'

/** Ends with a slash. */
export const API_ROOT = `${location.origin}${CONSOLE_PATH.slice(0, -'console/'.length)}`
