/** How a branch is drawn: its routes, and what happens if none of them fits. */
import type { BranchSpec } from '../../core/children/routes.ts';
import type { Drawn } from '../../core/drawing.ts';

const OTHERWISE = { last: 'last', nothing: 'completes', fail: 'fails' } as const;

export const drawBranch: Drawn = ({ spec }) => {
  const { on, all, otherwise } = spec as BranchSpec;
  const detail = on !== null ? 'the route that is named' : all ? 'every route that fits' : 'the first route that fits';
  return { arrangement: 'choice', detail, several: all, otherwise: OTHERWISE[otherwise] };
};
