const { writeSync } = require('node:fs');

/** Prints `N passed, N failed` as the very last line, for programs that read the result. */
module.exports = class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const failedToStart = results.testResults.filter((file) => file.testExecError).length;
    const line = `${results.numPassedTests} passed, ${results.numFailedTests + failedToStart} failed\n`;
    // Jest prints its own summary after every reporter is done, and writes to a pipe may be pending: so at the exit.
    process.once('exit', () => print(line));
  }
};

function print(line) {
  for (;;) {
    try {
      return writeSync(process.stdout.fd, line);
    } catch (error) {
      // The reader of a pipe is slow: once more.
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
