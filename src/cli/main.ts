/** The process: passes its arguments, streams, clock and signals to the command line. */
import { availableParallelism, constants } from 'node:os'
import { readConfig } from './config.ts'
import { Output, StopRequest } from './context.ts'
import { run } from './run.ts'

const stop = new StopRequest()

// The first signal stops a command that can stop cleanly. The second one always ends it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!stop.request(signal)) endNow(signal)
  })
}

// If bin/simtally.js started this process on another Node, it forwards its signals, and if it is killed this
// process ends too. A signal from the terminal reaches both, so the forwarded one does not count as a second.
if (process.connected) {
  process.on('message', (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => {
    if (signal === 'SIGHUP') process.emit('SIGHUP')
    else if (stop.signal === null && !stop.request(signal)) endNow(signal)
  })
  process.on('disconnect', () => {
    if (stop.signal === null && !stop.request('SIGTERM')) endNow('SIGTERM')
  })
  process.channel?.unref()
}

process.exitCode = await run(process.argv.slice(2), {
  config: readConfig(),
  clock: () => Math.floor(Date.now() / 1000),
  cores: availableParallelism(),
  stdin: process.stdin,
  stdout: new Output(process.stdout),
  stderr: new Output(process.stderr),
  stop,
  hangUp: {
    // Listens only if a command needs it, so that nohup keeps its meaning for the others.
    listen: (listener) => {
      process.on('SIGHUP', listener)
      return () => process.off('SIGHUP', listener)
    },
  },
})

function endNow(signal: 'SIGINT' | 'SIGTERM'): never {
  process.exit(128 + constants.signals[signal])
}
