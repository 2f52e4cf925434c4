/** How a step that tells the history something is drawn. */
import type { Drawn } from '../../core/drawing.ts';
import type { EmitSpec } from '../../leaves.ts';

export const drawEmit: Drawn = ({ spec }) => ({ detail: `tells "${(spec as EmitSpec).event}"` });
