/**
 * The outline of a run whose definition is not here: what has begun, as its rows name it. What has not begun stands in no row, and how
 * the parts depend on each other does not either.
 */
import type { Outline, Part } from '../charts/outline.ts';
import { pathAbove } from '../segments.ts';
import type { RunSnapshot } from '../views/snapshot.ts';

type Growing = Omit<Part, 'children'> & { children: Part[] };

export function outlineOfRows({ orchestrator, version, tracks, steps }: RunSnapshot): Outline {
  const root = partOf('', orchestrator, 'run', 'run');
  const parts = new Map<string, Growing>([['', root]]);
  const actors = [
    ...Object.entries(tracks).map(([path, { kind }]) => [path, kind, 'track'] as const),
    ...Object.entries(steps).map(([path, { kind }]) => [path, kind, 'step'] as const),
  ];
  // What something stands in comes first.
  actors.sort(([left], [right]) => left.split('/').length - right.split('/').length);
  for (const [path, kind, noun] of actors) {
    const part = partOf(path, path.split('/').at(-1) ?? path, kind, noun);
    parts.set(path, part);
    parts.get(pathAbove(path))?.children.push(part);
  }
  const all = [...parts.values()].slice(1);
  return { name: orchestrator, version, root, parts: all, undoes: false, at: (path) => parts.get(path) };
}

function partOf(path: string, name: string, kind: string, noun: Part['noun']): Growing {
  return {
    path,
    name,
    kind,
    noun,
    shape: 'graph',
    drawing: {},
    detail: '',
    strategy: 'failFast',
    catches: false,
    holds: false,
    deadline: null,
    concurrency: Number.POSITIVE_INFINITY,
    optional: false,
    after: [],
    children: [],
    repeats: false,
    hidden: 0,
  };
}
