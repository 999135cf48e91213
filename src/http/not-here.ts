/** Resources of the original APIs that this server does not have. The answer tells callers what it is. */

const RESOURCES = [
  ['Commands', 'Commands'],
  ['RatePlans', 'rate plans'],
  ['DataSessions', 'data sessions'],
  ['SmsCommands', 'SMS Commands'],
  ['IpCommands', 'IP Commands'],
  ['ESimProfiles', 'eSIM profiles'],
  ['NetworkAccessProfiles', 'network access profiles'],
  ['SettingsUpdates', 'settings updates'],
  ['BillingPeriods', 'billing periods'],
  ['IpAddresses', 'IP addresses'],
] as const

const NAMED = /^(?:\/supersim)?\/v1\/(?:Sims\/[^/]+\/)?([A-Za-z]+)(?:\/|$)/

/** The end of the message for a path that leads nowhere; empty for paths unknown to the original APIs too. */
export function whatIsHere(path: string): string {
  const [, name] = NAMED.exec(path) ?? []
  const resource = RESOURCES.find(([named]) => named === name)
  if (resource === undefined) return ''
  return `: this is Simtally, which counts what SIMs use and has no ${resource[1]}`
}
