/** How a step that sends a signal is drawn. */
import type { Drawn } from '../../core/drawing.ts';
import type { SendSpec } from '../../leaves.ts';

export const drawSignal: Drawn = ({ spec }) => ({ detail: `sends "${(spec as SendSpec).sends}"` });
