/** How a step that sets variables is drawn. */
import type { Drawn } from '../../core/drawing.ts';

export const drawSet: Drawn = ({ spec }) => ({
  detail: `sets ${(spec as { readonly variables: readonly string[] }).variables.join(', ')}`,
});
