/** The application tags of TAP3 that are read, and those that are known to hold no usage. */
import type { EventRole } from './roaming-record.ts'

export const TAG = {
  transferBatch: 1,
  notification: 2,
  callEventDetails: 3,
  batchControlInfo: 4,
  accountingInfo: 5,
  networkInfo: 6,
  vasInfo: 7,
  messageDescriptionInfo: 8,
  mobileOriginatedCall: 9,
  mobileTerminatedCall: 10,
  gprsCall: 14,
  auditControlInfo: 15,
  localTimeStamp: 16,
  bearerServiceCode: 40,
  callEventDetailsCount: 43,
  callEventStartTimeStamp: 44,
  callReference: 45,
  causeForTerm: 58,
  chargingId: 72,
  fileSequenceNumber: 109,
  fileTypeIndicator: 110,
  geographicalLocation: 113,
  gprsDestination: 116,
  gprsServiceUsage: 119,
  imsi: 129,
  msisdn: 152,
  partialTypeIndicator: 166,
  rapFileSequenceNumber: 181,
  recipient: 182,
  releaseVersionNumber: 189,
  servingNetwork: 195,
  sender: 196,
  simChargeableSubscriber: 199,
  specificationVersionNumber: 201,
  teleServiceCode: 218,
  totalCallEventDuration: 223,
  transferCutOffTimeStamp: 227,
  utcTimeOffset: 231,
  utcTimeOffsetCode: 232,
  utcTimeOffsetInfo: 233,
  dataVolumeIncoming: 250,
  dataVolumeOutgoing: 251,
  mdn: 253,
  minChargeableSubscriber: 254,
  accessPointNameNI: 261,
  messagingEvent: 433,
} as const

/** The kinds of events; those that are neither data nor messages are counted by these names. */
export const EVENT_NAMES: Readonly<Record<number, string>> = {
  9: 'MobileOriginatedCall',
  10: 'MobileTerminatedCall',
  11: 'SupplServiceEvent',
  12: 'ServiceCentreUsage',
  13: 'ValueAddedService',
  14: 'GprsCall',
  17: 'ContentTransaction',
  297: 'LocationService',
  433: 'MessagingEvent',
  434: 'MobileSession',
  453: 'AggregatedUsageRecord',
}

/** Every other kind is counted, but holds no usage of ours. */
export const EVENT_ROLES: Readonly<Record<number, EventRole>> = {
  [TAG.mobileOriginatedCall]: 'call from the SIM',
  [TAG.mobileTerminatedCall]: 'call to the SIM',
  [TAG.gprsCall]: 'data',
  [TAG.messagingEvent]: 'messages',
}

/** The names of a batch's parts, for messages that say how far reading came. */
export const PART_NAMES: Readonly<Record<number, string>> = {
  1: 'TransferBatch',
  2: 'Notification',
  3: 'CallEventDetailList',
}

/** Tags within data and message events whose meaning is known: money, equipment, far ends, cells. */
const UNREAD_EVENT_TAGS = [
  33, 36, 38, 39, 41, 42, 46, 49, 50, 51, 52, 53, 54, 55, 56, 57, 59, 62, 63, 64, 65, 66, 68, 69,
  70, 71, 74, 75, 79, 82, 85, 86, 89, 90, 91, 93, 96, 98, 102, 103, 105, 112, 114, 115, 117, 118,
  120, 121, 122, 123, 128, 134, 136, 137, 138, 139, 146, 147, 148, 149, 153, 154, 156, 157, 160,
  162, 163, 164, 165, 167, 168, 171, 173, 174, 175, 176, 179, 180, 184, 185, 190, 198, 200, 202,
  203, 204, 206, 207, 208, 209, 212, 213, 214, 219, 245, 247, 255, 256, 257, 258, 259, 260, 262,
  263, 264, 265, 266, 267, 268, 269, 272, 273, 274, 275, 276, 277, 278, 290, 397, 402, 403, 404,
  405, 407, 410, 413, 414, 417, 418, 419, 420, 421, 422, 424, 425, 426, 427, 429,
]
const READ_EVENT_TAGS = [
  9, 10, 14, 16, 40, 44, 45, 58, 72, 113, 116, 119, 129, 152, 166, 181, 195, 199, 218, 223, 232,
  250, 251, 253, 254, 261,
]

/** 1 at each tag that is already known in an event of data or a message. */
export const KNOWN_EVENT_TAGS: Uint8Array = (() => {
  const known = new Uint8Array(512)
  for (const tag of [...UNREAD_EVENT_TAGS, ...READ_EVENT_TAGS]) known[tag] = 1
  return known
})()
