/** The process: hands its arguments, streams, clock and signals to the command line. */
import { availableParallelism, constants } from 'node:os'
import { readConfig } from './config.ts'
import { Output, StopRequest } from './context.ts'
import { run } from './run.ts'

const stop = new StopRequest()

// A command that can stop cleanly does so at the first signal; the second one always ends it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!stop.request(signal)) endNow(signal)
  })
}

// Where bin/simtally.js started this process on another Node, it hands its signals on, and when it
// is killed this one ends too. A signal from the terminal reaches both: handed on, it is no second.
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
    // Listened to only where it means something, so that nohup keeps its meaning for the others.
    listen: (listener) => {
      process.on('SIGHUP', listener)
      return () => process.off('SIGHUP', listener)
    },
  },
})

function endNow(signal: 'SIGINT' | 'SIGTERM'): never {
  process.exit(128 + constants.signals[signal])
}
