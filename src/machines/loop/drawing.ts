/** How a loop is drawn: its body once, for any number of rounds. */
import type { LoopSpec } from '../../core/children/rounds.ts';
import type { Drawn } from '../../core/drawing.ts';

export const drawLoop: Drawn = ({ spec }) => ({
  arrangement: 'rounds',
  detail: `up to ${(spec as LoopSpec).maxIterations} rounds`,
});
