/** How a child run is drawn: what it is a run of. */
import type { Drawn } from '../../core/drawing.ts';
import type { RunSpec } from '../../leaves.ts';

export const drawRun: Drawn = ({ spec }) => {
  const { orchestrator, detach } = spec as RunSpec;
  const { name, version } = orchestrator();
  return { detail: `runs ${name} ${version}${detach ? ', and does not wait' : ''}` };
};
