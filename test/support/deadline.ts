/**
 * Loaded into every test process (`--import`): ends one that is kept alive long after its tests timed out, so that a
 * leaked connection fails a run instead of hanging it.
 */
const FILE_MS_MAX = 600_000;

// Only in the processes that run one test file each, not in the runner above them.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  setTimeout(() => {
    process.stderr.write(`a test file ran longer than ${FILE_MS_MAX} ms: ended\n`);
    process.exit(1);
  }, FILE_MS_MAX).unref();
}
