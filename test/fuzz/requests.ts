/** Requests as they should be, nearly are, and must not be. */
import fc from 'fast-check'

export interface InjectedRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: string
}

const NAMES = [
  ...[
    'Start',
    'End',
    'Granularity',
    'PageSize',
    'Page',
    'PageToken',
    'AccountSid',
    'Iccid',
    'Imsi',
  ],
  ...['Msisdn', 'UniqueName', 'FriendlyName', 'Status', 'Feed', 'Zone', 'Country', 'HomePlmns'],
  ...[
    'GroupBy',
    'Sim',
    'Group',
    'Label',
    'Network',
    'Order',
    'Format',
    'Search',
    'Silent',
    'Since',
  ],
  ...['HomeCountries', 'Sid', 'Stream', 'First', 'Last', 'Reason', 'Through', '__proto__', 'a', ''],
]

const values = (accountSid: string) =>
  fc.oneof(
    fc.constantFrom(
      ...[
        '2026-03-01',
        '2026-02-30',
        '2026-03-01T00:00:00Z',
        '2026-03-01T25:00:00+99:99',
        '-1',
        '0',
      ],
      ...[
        'hourly',
        'daily',
        'monthly',
        'all',
        'sim,label:a',
        'group,zone,country,network,feed',
        'a=b',
        'a=',
        '-data',
        'csv',
        'ndjson',
        '30d',
        '1000',
        '1e9',
        '310-260',
        '310260000000001',
        'US',
        'USA',
        'home',
      ],
      ...[
        'active',
        accountSid,
        '8901260000000000001',
        '9'.repeat(300),
        '',
        '%00',
        '%zz',
        '%F0%9F%98%80',
      ],
      ...['../..', '[]', 'null', '{"a":1}', '+', '%2B', ';', '0'.repeat(4_000), 'true', ' '],
    ),
    fc.string({ unit: 'binary', maxLength: 40 }).map(encodable),
    fc.base64String({ maxLength: 400 }),
    fc.integer().map(String),
  )

/** Percent-encoded where it can be: half of a pair of surrogates cannot. */
function encodable(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function fields(accountSid: string): fc.Arbitrary<string> {
  const field = fc
    .tuple(fc.constantFrom(...NAMES), values(accountSid), fc.integer({ min: 0, max: 20 }))
    .map(([name, value, shape]) =>
      shape === 0 ? name : shape === 1 ? `${name}=${value}&`.repeat(50) : `${name}=${value}`,
    )
  const noise = fc.string({ unit: 'binary-ascii', maxLength: 60 }).map(encodeURI)
  const some = fc.oneof({ weight: 9, arbitrary: field }, { weight: 1, arbitrary: noise })
  return fc.array(some, { maxLength: 8 }).map((all) => all.join('&'))
}

export function queries(accountSid: string): fc.Arbitrary<InjectedRequest> {
  const segment = fc.oneof(
    fc.constantFrom(
      'DE00000000000000000000000000000001',
      'hub',
      '1',
      '..',
      '%2e%2e',
      '%00',
      'nowhere',
    ),
    fc.string({ unit: 'binary', maxLength: 30 }).map(encodable),
  )
  const path = fc.oneof(
    fc.constantFrom(
      '/v1/Sims',
      '/v1/Usage',
      '/v1/UsageRecords',
      '/v1/Networks',
      '/v1/Groups',
      '/v1/Feeds',
      '/v1/Imports',
      '/metrics',
      '/readyz',
    ),
    segment.map((name) => `/v1/Sims/${name}/UsageRecords`),
    segment.map((name) => `/v1/Sims/${name}/UsageEvents`),
    segment.map((name) => `/v1/Imports/${name}/Quarantine`),
    segment.map((name) => `/v1/Groups/${name}`),
    segment.map((name) => `/v1/Feeds/${name}/Gaps`),
    fc.array(segment, { maxLength: 20 }).map((all) => `/${all.join('/')}`),
  )
  return fc
    .tuple(path, fields(accountSid))
    .map(([place, query]) => ({ method: 'GET', url: `${place}?${query}`, headers: {} }))
}

const JSON_WORDS = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', 'null', 'true', '1e999', '[['.repeat(500), '{"a":'],
  ...['"Iccid"', '"Imsi"', '"UniqueName"', '"AccountSid"', '"__proto__"', '"x"', '-0', '"\\ud800"'],
]

const TYPES = [
  ...['application/x-www-form-urlencoded', 'application/json', 'text/csv', 'text/plain', 'a/b', ''],
  ...[
    'application/x-ndjson',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
  ],
]

export function bodies(accountSid: string): fc.Arbitrary<InjectedRequest> {
  const url = fc.constantFrom(
    ...['/v1/Sims', '/v1/Sims/tracker-1', '/v1/Feeds/hub/Records', '/v1/Feeds/hub/Gaps/Accept'],
    ...['/v1/Imports/1/Quarantine/Recycle', '/v1/Imports/1/Quarantine/Accept'],
    ...['/v1/Feeds/hub/Records/DryRun', '/v1/Imports/1/Quarantine/Discard'],
    ...['/v1/Imports/1/Undo/DryRun'],
    ...['/v1/Imports/1/Undo', '/v1/UsageRecords', '/v1/Groups', '/v1/Groups/hub'],
  )
  const json = fc
    .array(fc.constantFrom(...JSON_WORDS), { maxLength: 60, size: 'max' })
    .map((words) => words.join(''))
  const text = fc.oneof(
    fields(accountSid),
    json,
    fc.json({ maxDepth: 6 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .tuple(fc.constantFrom('a&', 'a=&', '%', '+', '&', '=', '[', '{"a":'), fc.nat(70_000))
      .map(([piece, length]) => piece.repeat(Math.floor(length / piece.length))),
  )
  const encoding = fc.constantFrom(undefined, 'gzip', 'identity', 'br', 'x')
  return fc
    .tuple(url, fc.constantFrom(...TYPES), text, encoding)
    .map(([to, type, payload, packed]) => ({
      method: 'POST',
      url: to,
      headers: {
        ...(type !== '' && { 'content-type': type }),
        ...(packed !== undefined && { 'content-encoding': packed }),
      },
      payload,
    }))
}

const HEADERS = [
  ...['Host', 'Authorization', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'TE'],
  ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Prefix', 'Upgrade'],
  ...[
    'Content-Type',
    'Content-Encoding',
    'Cookie',
    'Range',
    'Trailer',
    'Accept',
    'X',
    'Keep-Alive',
  ],
]

export function headerLines(authorization: string): fc.Arbitrary<string> {
  const value = fc.oneof(
    fc.constantFrom(
      ...[
        'meter',
        'a:80',
        '[::1]',
        'x@y',
        'meter/..',
        '0',
        '-1',
        '5',
        '99999999999999999999',
        'gzip',
      ],
      ...[
        'chunked',
        'chunked, chunked',
        'gzip, chunked',
        'close',
        'keep-alive',
        '100-continue',
        '*/*',
      ],
      ...[
        'h2c',
        'websocket',
        authorization,
        'Basic ',
        'Basic ====',
        'Bearer x',
        'bytes=0-',
        '/iot',
        '',
      ],
      ...['https', '10.0.0.1, 10.0.0.2', 'text/csv', '1'.repeat(5_000), '::1', 'unknown'],
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' ')),
    fc.base64String({ maxLength: 200 }).map((text) => `Basic ${text}`),
  )
  const line = fc
    .tuple(fc.constantFrom(...HEADERS), value, fc.nat(40))
    .map(([name, text, times]) => {
      const one = `${name}: ${text}\r\n`
      return times === 0 ? one.repeat(120) : one
    })
  const target = fc.constantFrom(
    'GET /v1/Sims',
    'GET /healthz',
    'POST /v1/Sims',
    'POST /v1/Feeds/hub/Records',
  )
  const usual = fc.constantFrom(
    '',
    'Host: meter\r\n',
    `Host: meter\r\nAuthorization: ${authorization}\r\n`,
  )
  return fc
    .tuple(
      target,
      usual,
      fc.array(line, { maxLength: 8 }),
      fc.constantFrom('', 'abc', '5\r\nhello\r\n0\r\n\r\n'),
    )
    .map(
      ([begin, known, lines, body]) => `${begin} HTTP/1.1\r\n${known}${lines.join('')}\r\n${body}`,
    )
}

export function rawRequests(authorization: string): fc.Arbitrary<string> {
  const word = fc.constantFrom(
    ...[
      'GET',
      'POST',
      'PUT',
      'CONNECT',
      'TRACE',
      'PRI',
      'FOO',
      ' ',
      '/',
      '/v1/Sims',
      '*',
      'http://a/b',
    ],
    ...[
      ' HTTP/1.1',
      ' HTTP/1.0',
      ' HTTP/2.0',
      '\r\n',
      '\n',
      '\r',
      '\r\n\r\n',
      'Host: meter\r\n',
      ':',
    ],
    ...[
      `Authorization: ${authorization}\r\n`,
      'Content-Length: 3\r\n',
      'abc',
      '\0',
      '\x16\x03\x01',
    ],
    ...[
      'Transfer-Encoding: chunked\r\n',
      '3\r\nabc\r\n',
      '0\r\n\r\n',
      'fffffffffffffffff\r\n',
      '%zz',
    ],
    ...['/v1/Feeds/hub/Records', '?', '&'.repeat(200), 'a'.repeat(9_000), 'Connection: close\r\n'],
  )
  const words = fc.array(word, { maxLength: 30, size: 'max' }).map((all) => all.join(''))
  return fc.oneof(
    { weight: 3, arbitrary: headerLines(authorization) },
    { weight: 2, arbitrary: words },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  )
}
