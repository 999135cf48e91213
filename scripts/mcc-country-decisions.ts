/**
 * Our decisions where the list of networks leaves something open, each with its reason. The generator checks
 * every entry against the list. docs/decisions/country-of-a-network.md gives the reasoning.
 */

export interface MccOverride {
  readonly mccs: readonly string[]
  readonly country: string
  readonly reason: string
}

export interface MccAddition {
  readonly mcc: string
  readonly country: string
  readonly reason: string
}

export interface PlmnOverride {
  readonly plmn: string
  readonly country: string
  /** Words with which the list places the network there. A row under the MCC's country must have them. */
  readonly named: string
}

export interface KeptAtDefault {
  readonly plmn: string
  readonly reason: string
}

export interface Decisions {
  readonly mccOverrides: readonly MccOverride[]
  readonly mccAdditions: readonly MccAddition[]
  readonly plmnOverrides: readonly PlmnOverride[]
  readonly keptAtDefault: readonly KeptAtDefault[]
}

export const MCC_OVERRIDES: readonly MccOverride[] = [
  {
    mccs: ['221'],
    country: 'XK',
    reason: 'ITU gave it to Kosovo, whose ISO code is user-assigned; pinned whatever the list says',
  },
  {
    mccs: ['234'],
    country: 'GB',
    reason: "the United Kingdom's; Guernsey, Jersey and the Isle of Man use it as well",
  },
  {
    mccs: ['255'],
    country: 'UA',
    reason: "Ukraine's; other users are unofficial",
  },
  {
    mccs: ['270'],
    country: 'LU',
    reason: "Luxembourg's; two of its networks reach into Belgium",
  },
  {
    mccs: ['289'],
    country: 'GE',
    reason: 'used in Abkhazia, not assigned by ITU; ISO 3166-1 has Abkhazia within Georgia',
  },
  {
    mccs: ['310', '311', '312', '313', '314', '315', '316'],
    country: 'US',
    reason: 'the United States; its territories use single networks of these ranges',
  },
  {
    mccs: ['330'],
    country: 'PR',
    reason: "ITU gave it to Puerto Rico; the list's first row is not asked",
  },
  {
    mccs: ['338'],
    country: 'JM',
    reason: "Jamaica's; Digicel uses it on other islands as well",
  },
  {
    mccs: ['340'],
    country: 'GP',
    reason:
      'shared by Guadeloupe, Martinique, French Guiana, Saint Barthélemy and Saint Martin, whose ' +
      'networks span several of them; Guadeloupe has the most inhabitants',
  },
  {
    mccs: ['362'],
    country: 'CW',
    reason: 'shared by Curaçao, Sint Maarten and Bonaire; Curaçao has the most inhabitants',
  },
  {
    mccs: ['425'],
    country: 'IL',
    reason: "Israel's; the two Palestinian networks have overrides of their own",
  },
  {
    mccs: ['505'],
    country: 'AU',
    reason: "Australia's; Cocos and Christmas Island are served by Australian networks",
  },
  {
    mccs: ['647'],
    country: 'RE',
    reason: "shared by Réunion and Mayotte; Réunion has three times Mayotte's inhabitants",
  },
  {
    mccs: ['901', '902', '991'],
    country: 'ZZ',
    reason: 'ITU shares them between networks of no country: satellites, ships, aircraft, trials',
  },
  {
    mccs: ['995'],
    country: 'ZZ',
    reason: 'not assigned by ITU; one island network uses it, so could others',
  },
  {
    mccs: ['001', '999'],
    country: 'ZZ',
    reason:
      'test and private networks may stand anywhere; their usage is real, so it is counted under ' +
      'no country, and an owner makes it home by naming the PLMN',
  },
]

/** Assigned by ITU (E.212, list of mobile country codes), but the list has no network for them. */
export const MCC_ADDITIONS: readonly MccAddition[] = [
  { mcc: '225', country: 'VA', reason: 'Vatican City' },
  { mcc: '332', country: 'VI', reason: 'US Virgin Islands, whose networks use 310 and 311 so far' },
  { mcc: '406', country: 'IN', reason: "India's third, after 404 and 405" },
  { mcc: '430', country: 'AE', reason: 'United Arab Emirates, Abu Dhabi' },
  { mcc: '431', country: 'AE', reason: 'United Arab Emirates, Dubai' },
  { mcc: '461', country: 'CN', reason: "China's second, after 460" },
]

/**
 * Networks that are only in one country, other than their MCC's. A network shared with the MCC's country
 * (310-260) or between territories (234-50, 310-370) does not belong here.
 */
export const PLMN_OVERRIDES: readonly PlmnOverride[] = [
  { plmn: '234-36', country: 'IM', named: 'Isle of Man' },
  { plmn: '234-58', country: 'IM', named: 'Isle of Man' },
  { plmn: '234-73', country: 'IM', named: 'Isle of Man' },
  { plmn: '255-00', country: 'MD', named: 'Interdnestrcom' },
  { plmn: '310-032', country: 'GU', named: 'Guam' },
  { plmn: '310-033', country: 'GU', named: 'Guam' },
  { plmn: '310-110', country: 'MP', named: 'Northern Mariana Islands' },
  { plmn: '310-140', country: 'GU', named: 'Guam' },
  { plmn: '310-400', country: 'GU', named: 'Guam' },
  { plmn: '310-480', country: 'GU', named: 'Guam' },
  { plmn: '310-59', country: 'BM', named: 'Cellular One' },
  { plmn: '311-120', country: 'GU', named: 'Guam' },
  { plmn: '311-250', country: 'GU', named: 'Guam' },
  { plmn: '311-470', country: 'VI', named: 'US Virgin Islands' },
  { plmn: '311-780', country: 'AS', named: 'American Samoa' },
  { plmn: '313-510', country: 'PR', named: 'Puerto Rico' },
  { plmn: '313-790', country: 'PR', named: 'Puerto Rico' },
  { plmn: '362-31', country: 'BQ', named: 'Sint Eustatius' },
  { plmn: '362-51', country: 'SX', named: 'Sint Maarten' },
  { plmn: '362-76', country: 'BQ', named: 'Bonaire' },
  { plmn: '362-78', country: 'BQ', named: 'Bonaire' },
  { plmn: '425-05', country: 'PS', named: 'Palestin' },
  { plmn: '425-06', country: 'PS', named: 'Palestin' },
  { plmn: '505-10', country: 'NF', named: 'Norfolk' },
  { plmn: '647-01', country: 'YT', named: 'Mayotte' },
  { plmn: '647-02', country: 'YT', named: 'Mayotte' },
]

/** Networks that the list never places in their MCC's country, but that we leave there. */
export const KEPT_AT_DEFAULT: readonly KeptAtDefault[] = [
  {
    plmn: '255-98',
    reason: "Luhansk, under Ukraine's MCC; ISO 3166-1 has it within Ukraine",
  },
  {
    plmn: '338-050',
    reason: 'Digicel in Bermuda and in Turks and Caicos: the PLMN cannot say which',
  },
]
