/**
 * Where to draw a dot for places without a shape on a world map at 1:110 million: code, longitude and
 * latitude of the centre. Taken from Natural Earth's shapes at 1:50 million; added by hand for places missing
 * there too.
 */
export const SMALL_PLACES = `
AND 1.6 42.5|ATG -61.8 17.3|AIA -63.1 18.2|ASM -170.7 -14.3|ABW -70.0 12.5|ALA 19.9 60.2|BRB -59.6 13.2
BHR 50.5 26.0|BLM -62.8 17.9|BMU -64.8 32.3|COK -159.8 -21.2|CPV -24.0 15.9|CUW -69.0 12.2|DMA -61.4 15.4
FSM 153.2 7.6|FRO -6.9 62.1|GRD -61.7 12.1|GGY -2.6 49.5|SGS -36.5 -54.5|GUM 144.8 13.4|HKG 114.1 22.4
HMD 73.5 -53.1|IMN -4.5 54.2|IOT 72.4 -7.3|JEY -2.1 49.2|KIR -166.7 1.4|COM 43.7 -11.9|KNA -62.7 17.3
CYM -81.0 19.4|LCA -61.0 13.9|LIE 9.5 47.1|MCO 7.4 43.8|MAF -63.1 18.1|MHL 170.5 6.8|MAC 113.5 22.2
MNP 145.6 15.8|MSR -62.2 16.7|MLT 14.4 35.9|MUS 57.6 -20.3|MDV 73.5 3.8|NFK 167.9 -29.1|NRU 166.9 -0.5
NIU -169.9 -19.1|PYF -144.9 -14.7|SPM -56.3 46.9|PCN -128.3 -24.4|PLW 134.4 7.3|SYC 55.5 -4.7|SGP 103.8 1.4
SHN -9.3 -12.7|SMR 12.5 43.9|STP 6.7 0.4|SXM -63.1 18.1|TCA -72.0 21.8|TON -174.8 -20.5|TUV 179.2 -8.5
VAT 12.4 41.9|VCT -61.2 13.2|VGB -64.5 18.5|VIR -64.8 18.0|WLF -177.4 -13.9|WSM -172.2 -13.8
BES -68.3 12.2|BVT 3.4 -54.4|CCK 96.8 -12.2|CXR 105.7 -10.5|GUF -53.2 4.0|GIB -5.4 36.1|GLP -61.5 16.2
MTQ -61.0 14.7|REU 55.5 -21.1|SJM 15.6 78.2|TKL -171.8 -9.2|UMI -176.5 0.2|MYT 45.2 -12.8`
  .trim()
  .split(/[|\n]/)
  .map((place) => {
    const [code = '', longitude, latitude] = place.split(' ')
    return { code, at: [Number(longitude), Number(latitude)] as [number, number] }
  })
