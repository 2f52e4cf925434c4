/** The read side of a run, as `signalbox/inspect`: its progress, and what inspectors are shown. */
export { type InspectedBox, type InspectedRun, type InspectOptions, inspectRun } from './feed.ts';
export { type InspectorServer, type InspectorServerOptions, inspectorServer } from './server.ts';
export type { WireActor, WireEvent, WireHappening, WireSnapshot, WireStanding } from './wire.ts';
export { type ActorProgress, type Progress, type ProgressFold, progressOf } from '../views/progress.ts';
