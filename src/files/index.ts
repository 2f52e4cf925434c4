/** Runs in files, for Node, as `signalbox/files`: a JSON file that says where a run stands, and the run again from that file. */
export { StateFileUnusable, StateFileUnwritten } from '../errors/index.ts';
export { type Restored, type RestoringBox, restoreFrom } from './restore.ts';
export { type FiledRun, type FilingBox, StateFile, type StateFileOptions, stateFile } from './state-file.ts';
