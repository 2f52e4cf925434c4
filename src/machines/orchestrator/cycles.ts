/**
 * Cycles in a graph of tracks: at least one from every knot of tracks that wait for each
 * other. Tarjan's algorithm finds the knots, in linear time and with a stack of its own;
 * a breadth-first search then prints a shortest way round.
 */

/** `after[n]` are the nodes that `n` waits for. Each cycle begins and ends with the same node; self-loops are left out. */
export function cyclesIn(after: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return knotsIn(after)
    .map((knot) => wayRound(after, knot))
    .sort((left, right) => left[0]! - right[0]!);
}

/** The strongly connected components with more than one node, each in ascending order. */
function knotsIn(after: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const knots: number[][] = [];
  const order = new Int32Array(after.length).fill(-1);
  const lowest = new Int32Array(after.length);
  const nextEdge = new Int32Array(after.length);
  const open = new Uint8Array(after.length);
  const component: number[] = [];
  const way: number[] = [];
  let entered = 0;

  const enter = (node: number) => {
    order[node] = lowest[node] = entered;
    entered += 1;
    open[node] = 1;
    component.push(node);
    way.push(node);
  };

  const leave = (node: number) => {
    way.pop();
    const parent = way.at(-1);
    if (parent !== undefined) lowest[parent] = Math.min(lowest[parent]!, lowest[node]!);
    if (lowest[node] !== order[node]) return;
    const knot = component.splice(component.lastIndexOf(node));
    for (const member of knot) open[member] = 0;
    if (knot.length > 1) knots.push(knot.sort((left, right) => left - right));
  };

  for (let start = 0; start < after.length; start += 1) {
    if (order[start] !== -1) continue;
    enter(start);
    for (let node = way.at(-1); node !== undefined; node = way.at(-1)) {
      const next = after[node]![nextEdge[node]!];
      nextEdge[node]! += 1;
      if (next === undefined) leave(node);
      else if (order[next] === -1) enter(next);
      else if (open[next] === 1) lowest[node] = Math.min(lowest[node]!, order[next]!);
    }
  }
  return knots;
}

/** A shortest cycle through the first node of a knot. */
function wayRound(after: readonly (readonly number[])[], knot: readonly number[]): readonly number[] {
  const start = knot[0]!;
  const members = new Set(knot);
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const node of queue) {
    for (const next of after[node]!) {
      if (next === start && node !== start) return traceBack(cameFrom, start, node);
      if (next === start || !members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [start, start];
}

function traceBack(cameFrom: ReadonlyMap<number, number>, start: number, end: number): readonly number[] {
  const way = [start];
  for (let node: number | undefined = end; node !== undefined && node !== start; node = cameFrom.get(node))
    way.push(node);
  return [...way, start].reverse();
}

/** `a → b → a`; the middle of a very long cycle is counted, not printed. */
export function printCycle(names: readonly string[]): string {
  const MOST = 100;
  if (names.length <= MOST) return names.join(' → ');
  const half = MOST / 2;
  const hidden = names.length - 2 * half;
  return [...names.slice(0, half), `… ${hidden} more …`, ...names.slice(-half)].join(' → ');
}
