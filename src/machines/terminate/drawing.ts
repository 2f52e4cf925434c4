/** How a step that ends its run is drawn. */
import type { Drawn } from '../../core/drawing.ts';

export const drawTerminate: Drawn = ({ spec }) => {
  const { as } = spec as { readonly as: 'completed' | 'failed' };
  return { detail: `ends the run as ${as}`, ends: as };
};
