/** JSON that contradicts itself, or is not all of what was asked for: it waits, or a warning names it. */
import { atHome, type Case, type CaseGroup, type CaseSim } from './cases.ts'

const RECORD = ({ iccid }: CaseSim, rest: string) =>
  `{"record_id":"a","sim":"${iccid}","occurred_at":"2026-03-14T10:00:00Z","plmn":"310-260",${rest}}`
const CISCO = {
  format: 'mapped',
  onConflict: 'max',
  defaultZone: 'home',
  settings: { mapping: 'cisco-control-center', total_is: 'download', sms: 'to_sim' },
} as const
const SORACOM = {
  format: 'mapped',
  defaultZone: 'home',
  settings: { mapping: 'soracom', delivery: 'api' },
} as const
const poll = ({ iccid }: CaseSim, rest: string) =>
  `{"iccid":"${iccid}","readAt":"2026-03-14T05:00:00Z",${rest}}`

const repeated: readonly Case[] = [
  {
    name: 'of a counter, which waits',
    content: (sim) => RECORD(sim, '"upload":5,"download":1,"upload" : 7'),
    used: [],
    waits: ['1 invalid_field'],
    says: /upload "5, 7": it is there twice, with different values/,
  },
  {
    name: 'with one value, which is no contradiction',
    content: (sim) => RECORD(sim, '"upload":5,"download":1,"upload":5'),
    used: atHome(5, 1),
  },
  {
    name: 'that nobody reads',
    content: (sim) => RECORD(sim, '"upload":5,"note":"a\\":b","tag":1,"tag":{"upload":2}'),
    used: atHome(5, 0),
    warns: [/keys .* ignored: "note", "tag"/],
  },
  {
    name: 'in a record that is mapped, which waits',
    feed: CISCO,
    content: (sim) => poll(sim, '"ctdDataUsage":70,"ctdDataUsage":9000,"ctdSMSUsage":1'),
    used: [],
    waits: ['1 unreadable'],
    says: /the key "ctdDataUsage" is there twice in one object, with different values/,
  },
  {
    name: 'that the mapping does not read',
    feed: CISCO,
    content: (sim) => poll(sim, '"ctdDataUsage":70,"imei":1,"imei":2,"ctdSMSUsage":1'),
    used: ['home - 0/70/1/0'],
  },
  {
    name: 'of a map whose entries are records, which waits',
    feed: SORACOM,
    content: ({ imsi }) =>
      `[{"imsi":"${imsi}","unixtime":1773482400,"dataTrafficStatsMap":{` +
      '"s1.fast":{"uploadByteSizeTotal":1},"s1.fast":{"uploadByteSizeTotal":5}}}]',
    used: [],
    waits: ['1 unreadable'],
    says: /the key "s1\.fast" is there twice/,
  },
  {
    name: 'of a RADIUS packet, which waits as in detail text',
    feed: { format: 'radius', onConflict: 'max' },
    content: ({ imsi }) =>
      '{"Acct-Status-Type":"Stop","NAS-Identifier":"gw","Acct-Session-Id":"1","3GPP-SGSN-MCC-MNC":"310260",' +
      `"3GPP-IMSI":"${imsi}","Event-Timestamp":1773482400,"Class":"a","Class":"b",` +
      '"Acct-Input-Octets":1,"Acct-Output-Octets":20,"Acct-Output-Octets":70}\n',
    used: [],
    waits: ['1 invalid_field'],
    says: /Acct-Output-Octets.*stated 2 times, with different values/,
  },
]

export const JSON_CASES: readonly CaseGroup[] = [
  { title: 'a key that JSON has twice:', feed: { format: 'ndjson' }, cases: repeated },
]
