'use strict'

// Loaded before the program where another Node has started it: a launcher that was killed leaves no gateway behind.
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // Waiting for that keeps no command alive.
  process.channel.unref()
}
