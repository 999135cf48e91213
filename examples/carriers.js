// Writes deliveries of several carriers, as they arrive, for the last days, and lists of their SIMs:
// node examples/carriers.js FOLDER. The guides in docs/start work with them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [, , folder = 'carriers'] = process.argv
const DAY_MS = 86_400_000
const day = (ago) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10)
const at = (ago, time) => `${day(ago)}T${time}Z`

mkdirSync(folder, { recursive: true })
const write = (name, content) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
  writeFileSync(join(folder, name), `${text}\n`)
}

// The SIMs of two customers.
write(
  'acme.csv',
  `iccid,imsi,unique_name
8901260000000000014,310260000000001,truck-1
8901260000000000022,310260000000002,truck-2
8901260000000000048,310260000000004,router-1`,
)
write(
  'bolt.csv',
  `iccid,imsi,unique_name,labels
8988307000000000017,901430000000017,meter-17,site=main-street
8988307000000000025,901430000000025,meter-25,site=harbour`,
)
write(
  'late.csv',
  `iccid,imsi,unique_name
8901260000000000030,310260000000003,truck-3`,
)

// A carrier with numbered files: semicolons, MB with decimal commas, local times.
const hub = (number, rows) =>
  write(`usage-000${number}.csv`, ['ID;ICCID;Time;Network;MB up;MB down', ...rows].join('\n'))
hub(1, [
  `h1;8901260000000000014;${day(4)} 08:15:00;310-260;0,12;0,48`,
  `h2;8901260000000000022;${day(4)} 09:30:00;310-410;1,5;20`,
  `h3;8901260000000000030;${day(4)} 10:00:00;310-260;0,25;1`,
])
hub(2, [`h4;8901260000000000014;${day(3)} 11:00:00;334-020;0,05;0,09`])
hub(3, [
  `h5;8901260000000000014;${day(2)} 12:00:00;310-260;0,1;0,2`,
  `h1;8901260000000000014;${day(4)} 08:15:00;310-260;0,12;0,48`,
])
write(
  'hub.yaml',
  `# Reads the files of the hub.
source: { format: csv, delimiter: ";", decimal: "," }
fields:
  record_id: ID
  sim: ICCID
  occurred_at: { from: Time, format: "YYYY-MM-DD HH:mm:ss", zone: America/New_York }
  plmn: Network
  upload: { from: "MB up", unit: MB }
  download: { from: "MB down", unit: MB }`,
)

// emnify's data streamer.
const emnify = (id, iccid, time, { type, ...volume }) => ({
  id,
  sim: { iccid },
  start_timestamp: time,
  end_timestamp: time,
  operator: { mnc: '01', country: { mcc: '262' } },
  traffic_type: { id: type },
  volume: { total: volume.rx + volume.tx, ...volume },
})
write('emnify.json', [
  emnify(1, '8988307000000000017', at(3, '06:00:00'), { type: 5, rx: 0.1, tx: 0.9 }),
  emnify(2, '8988307000000000017', at(3, '07:00:00'), { type: 6, rx: 1, tx: 0 }),
  emnify(3, '8988307000000000025', at(2, '06:00:00'), { type: 5, rx: 0.25, tx: 0.75 }),
])

// Accounting packets of the operator's own packet gateway: the state of its counters, every half hour.
const packet = (status, time, octets) =>
  JSON.stringify({
    'Acct-Status-Type': status,
    'NAS-Identifier': 'pgw-1',
    'Acct-Session-Id': '0017',
    '3GPP-IMSI': '310260000000004',
    '3GPP-SGSN-MCC-MNC': '310260',
    'Acct-Input-Octets': octets,
    'Acct-Output-Octets': octets * 10,
    'Event-Timestamp': at(2, time),
  })
write(
  'gateway.ndjson',
  [
    packet('Start', '10:00:00', 0),
    packet('Interim-Update', '10:30:00', 4_000),
    packet('Interim-Update', '11:00:00', 9_000),
    packet('Stop', '11:10:00', 10_000),
  ].join('\n'),
)

// SIMs as they were exported from Programmable Wireless, with their SIDs, and events of Super SIM.
write(
  'old-sims.csv',
  `sid,iccid,unique_name,friendly_name
DE00000000000000000000000000000017,8988307000000000033,tracker-1,Tracker 1
DE00000000000000000000000000000025,8988307000000000041,tracker-2,Tracker 2`,
)
const session = (id, iccid, time) => ({
  id,
  type: 'com.twilio.iot.supersim.connection.data-session.updated',
  data: {
    event_sid: id,
    sim_iccid: iccid,
    network: { mcc: '310', mnc: '260', iso_country: 'US' },
    data_session_update_end_time: time,
    data_upload: 1_000,
    data_download: 20_000,
  },
})
write('events.json', [
  session('EZ00000000000000000000000000000001', '8988307000000000033', at(3, '10:00:00')),
  session('EZ00000000000000000000000000000002', '8988307000000000033', at(2, '10:06:00')),
  session('EZ00000000000000000000000000000003', '8988307000000000041', at(2, '10:09:30')),
])
