#!/usr/bin/env node
// Starts Simtally on a Node that can run it: in a checkout its source, in an installed package what was
// compiled of it. Node 20 is enough to install a checkout and start it: the development packages bring
// Node 26, and Simtally runs on that. Without them it needs Node 24.
// Written in old JavaScript, so that any Node since 12.20 reads this file and says what is missing,
// instead of showing a syntax error.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// Since 24, Node runs TypeScript as it is; since 26, its SQLite no longer prints a warning.
const NODE_MAJOR_MIN = 24
const NODE_MAJOR_SILENT = 26

const here = dirname(fileURLToPath(import.meta.url))
const source = join(here, '..', 'src', 'cli', 'main.ts')
const isCheckout = existsSync(source)
const main = isCheckout ? source : join(here, '..', 'dist', 'cli', 'main.js')
// Compiled once, the program starts in a third of the time. Not in the shared temporary folder,
// where others could put code of theirs.
const cache = join(here, '..', 'node_modules', '.cache', 'simtally')
const major = majorOf(process.versions.node)

if (major >= NODE_MAJOR_SILENT) {
  module.enableCompileCache(cache)
  import(pathToFileURL(main).href)
} else {
  const node = major >= NODE_MAJOR_MIN ? process.execPath : packagedNode(here)
  if (node === null) {
    const remedy = isCheckout
      ? `install Node ${NODE_MAJOR_SILENT}, or run "npm ci" without --omit=dev and --ignore-scripts, which brings it`
      : `install Node ${NODE_MAJOR_SILENT} and start simtally with it`
    console.error(
      `simtally: needs Node ${NODE_MAJOR_MIN} or newer, this is ${process.version}: ${remedy}`,
    )
    process.exit(1)
  }
  continueOn(node)
}

function majorOf(version) {
  return Number(version.split('.')[0])
}

/**
 * The program of the npm package `node`, looked for as Node looks for packages; null if missing. An older
 * one is passed over: where Simtally is a dependency, it belongs to the project around it.
 */
function packagedNode(from) {
  const home = join(from, 'node_modules', 'node')
  if (existsSync(join(home, 'package.json'))) {
    const { bin, version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
    const path = join(home, typeof bin === 'string' ? bin : bin.node)
    if (majorOf(version) >= NODE_MAJOR_MIN && existsSync(path)) return path
  }
  const parent = dirname(from)
  return parent === from ? null : packagedNode(parent)
}

/** Runs the same command on another Node, and ends as it ends. */
function continueOn(node) {
  const args = ['--disable-warning=ExperimentalWarning', main].concat(process.argv.slice(2))
  // The channel tells the other process of signals to this one, also of the one that kills it.
  const child = spawn(node, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({ NODE_COMPILE_CACHE: cache }, process.env),
  })
  const signals = ['SIGINT', 'SIGTERM']
  // Other commands do nothing at it, and nohup shall keep its meaning for them.
  if (process.argv.includes('serve')) signals.push('SIGHUP')
  signals.forEach((signal) => {
    process.on(signal, () => {
      if (child.connected) child.send(signal)
    })
  })
  child.on('error', (error) => {
    console.error(`simtally: cannot start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    signals.forEach((name) => {
      process.removeAllListeners(name)
    })
    process.kill(process.pid, signal)
  })
}
