// Prints usage records as a carrier delivers them, for two days beginning three days ago, so that they can
// be counted whenever you run this: node examples/usage.js > usage.csv
const DAY_MS = 86_400_000
const dayBefore = (days) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10)
const [first, second] = [dayBefore(3), dayBefore(2)]

console.log(`record_id,sim,occurred_at,plmn,country,zone,upload,download,to_sim,from_sim
a-1,8901260000000000014,${first}T08:15:00Z,310-260,,,120000,480000,0,0
a-2,8901260000000000014,${first}T09:15:00Z,310-410,,,80000,310000,1,2
a-3,8901260000000000014,${second}T14:00:00-06:00,334-020,,,50000,90000,0,0
a-1,8901260000000000014,${first}T08:15:00Z,310-260,,,120000,480000,0,0
b-1,334020000000002,${first}T23:59:59Z,,MEX,,7000,1000,0,0
c-1,meter-1,${first}T00:00:00Z,334-020,,,900,300,0,1
d-1,8901260000000999999,${first}T00:00:00Z,310-260,,,1,1,0,0`)
