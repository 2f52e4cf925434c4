/** How a collection is drawn: its body once, for any number of items. */
import type { MapSpec } from '../../core/children/items.ts';
import type { Drawn } from '../../core/drawing.ts';

export const drawMap: Drawn = ({ spec, concurrency }) => {
  const { batch } = spec as MapSpec;
  const atOnce = batch !== null ? `${batch} together` : concurrency === 1 ? 'one by one' : null;
  return { arrangement: 'items', detail: atOnce === null ? 'for each item' : `for each item, ${atOnce}` };
};
