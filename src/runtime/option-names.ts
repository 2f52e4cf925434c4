/** Which options `createSignalbox` takes, for whoever has to know them without what is done with them. */

/** The names of all options of `createSignalbox`. */
export const BOX_OPTIONS: readonly string[] = [
  'orchestrators',
  'tasks',
  'store',
  'executor',
  'concurrency',
  'fairness',
  'hooks',
  'redact',
  'maxValueBytes',
  'signalBuffer',
  'idleRuns',
  'kinds',
  'lease',
  'clock',
  'ids',
  'logger',
  'tracing',
  'lane',
];
