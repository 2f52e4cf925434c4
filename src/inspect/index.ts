/** The read side of a run, as `signalbox/inspect`. */
export { type ActorProgress, type Progress, type ProgressFold, progressOf } from '../views/progress.ts';
