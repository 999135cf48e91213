/** The canonical formats keep the promises of every format. */
import { describeCdrFormat, type FormatSample } from '../contract/cdr-format.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim'

const csvSample: FormatSample = {
  name: 'a CSV of records and faults',
  bytes: Buffer.from(
    [
      HEADER,
      'r1,310260000000001,2026-03-01T10:00:00Z,310-260,1,2,,',
      'r2,310260000000001,2026-03-01T11:00:00+05:45,310-260,,,3,4',
      'r3,310260000000002,yesterday,310-260,-1,,,',
      '"quoted, and never closed',
      '"r4",310260000000002,2026-03-01,334-020,5,,,\n',
    ].join('\n'),
  ),
  expected: {
    records: [
      {
        line: 2,
        recordId: 'r1',
        sim: '310260000000001',
        occurredAt: '2026-03-01T10:00:00Z',
        plmn: '310-260',
        upload: 1,
        download: 2,
      },
      {
        line: 3,
        recordId: 'r2',
        sim: '310260000000001',
        occurredAt: '2026-03-01T05:15:00Z',
        plmn: '310-260',
        toSim: 3,
        fromSim: 4,
      },
      {
        line: 6,
        recordId: 'r4',
        sim: '310260000000002',
        occurredAt: '2026-03-01T00:00:00Z',
        plmn: '334-020',
        upload: 5,
      },
    ],
    faults: [
      {
        line: 4,
        reason: 'invalid_field',
        field: 'occurred_at',
        detail:
          'occurred_at "yesterday": expected an ISO 8601 time such as 2026-02-28T23:59:59Z or …T23:59:59+05:45; upload "-1": expected a whole number, 0 or more, without sign or fraction',
      },
      {
        line: 5,
        reason: 'unreadable',
        field: null,
        detail: 'a quote is opened and never closed',
      },
    ],
  },
}

describeCdrFormat({
  name: 'csv',
  settings: {},
  samples: [csvSample],
  empty: 'refused',
  cutRecord: 'may look whole',
  page: 'canonical.md',
})

describeCdrFormat({
  name: 'ndjson',
  settings: {},
  samples: [
    {
      name: 'lines of records and faults',
      bytes: Buffer.from(
        [
          '{"record_id":"r1","sim":"310260000000001","occurred_at":"2026-03-01T10:00:00Z","plmn":"310-260","upload":7}',
          '{"record_id":"r2","sim":"310260000000001"',
          '{"record_id":2,"sim":"tracker","occurred_at":"2026-03-01","country":"MEX","from_sim":"1","x":0}',
        ].join('\n'),
      ),
      expected: {
        records: [
          {
            line: 1,
            recordId: 'r1',
            sim: '310260000000001',
            occurredAt: '2026-03-01T10:00:00Z',
            plmn: '310-260',
            upload: 7,
          },
          {
            line: 3,
            recordId: '2',
            sim: 'tracker',
            occurredAt: '2026-03-01T00:00:00Z',
            country: 'MX',
            fromSim: 1,
          },
        ],
        faults: [
          {
            line: 2,
            reason: 'unreadable',
            field: null,
            detail:
              "the line is not JSON: Expected ',' or '}' after property value in JSON at position 41",
          },
        ],
        warnings: ['keys that Simtally does not know were ignored: "x"'],
      },
    },
  ],
  empty: 'no records',
  cutRecord: 'seen',
  page: 'canonical.md',
})
