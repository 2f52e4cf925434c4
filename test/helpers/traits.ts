/**
 * What a kind says of nodes, names and memories, and what its wishes do in a turn, as text: the rest of a kind beside its moves, for
 * `test/machines/invoked.test.ts`.
 */
import type { Kind, Memory } from '../../src/core/kind.ts';
import type { TurnPort } from '../../src/core/port.ts';
import type { Actor } from '../../src/core/run.ts';
import type { PlanNode } from '../../src/definition.ts';
import { FIRING } from '../../src/machines/firing/index.ts';
import { NO_RETRY } from '../../src/retry.ts';
import { say } from './moves.ts';
import { inputOf, nodeOf } from './nodes.ts';
import { faults } from './spoken.ts';

const { error } = faults;

const NAMES = ['0', '7', '07', '-1', '1.5', 'x', '', '999999999999999', '1000000000000000', '2027-01-01T00:00:00Z'];
const KEPT = {
  nothing: null,
  few: { count: 1_000, digest: 'd' },
  many: { count: 1_001, digest: 'd' },
  counted: { count: 1_001, digest: 'd', tally: [7, 4, 2] },
};
const COUNTS = {
  nobody: {},
  some: { completed: 2, failed: 1, timedOut: 1, cancelled: 1, skipped: 1, compensated: 1 },
  live: { running: 2, pending: 1, waiting: 1, completed: 1 },
};

/** What a turn is asked for, one line each. */
function noting(actor: object, below: readonly string[]): { readonly port: TurnPort; readonly lines: string[] } {
  const lines: string[] = [];
  const who = (one: Actor): string => (one === actor ? 'itself' : one.path === '' ? 'its run' : one.path);
  const port = {
    now: 1_000,
    run: { root: { path: '' }, actors: new Map(below.map((path) => [path, null])) },
    at: (path: string) => ({ run: 'r', seq: 7, at: 1_000, path }),
    tell: (event: object) => void lines.push(`tells ${say(event)}`),
    send: (to: Actor, event: object) => void lines.push(`sends ${who(to)} ${say(event)}`),
    spawn: (_: Actor, { name, node, input }: { name: string; node: PlanNode; input: () => unknown }) =>
      void lines.push(`begins ${name}, a ${node.kind}, with ${say(input())}`),
  };
  return { port: port as unknown as TurnPort, lines };
}

const chain = (...paths: readonly string[]): object | null =>
  paths.reduceRight<object | null>((next, path) => ({ path, nextLive: next }), null);

const standing = { changed: null, due: null, paused: null };
const fire = [
  { name: 'one', at: 3_600_000 },
  { name: 'two', at: 7_200_000 },
];
const decision = { standing, fire, cancels: false, isOver: false };
const changed = { id: 's', input: { new: true }, metadata: { by: 'ada' }, of: { orchestrator: 'o', version: '2' } };

/** Of each wish that a kind of its own has: what it is given, and what the machine remembers by then. */
const WISHES: { readonly [action: string]: readonly (readonly [params: unknown, context: object])[] } = {
  emitEvent: [[undefined, {}]],
  tellRun: [
    [{ event: { type: 'set', values: { v: 1 } } }, {}],
    [{ event: { type: 'terminate', output: null, error } }, {}],
    [{ event: { type: 'terminate', output: 'enough', error: null } }, {}],
  ],
  look: [[{ is: 'due' }, {}]],
  cancelRuns: [
    [undefined, { reason: 'enough' }],
    [undefined, { reason: null }],
  ],
  carryOut: [
    [undefined, { decision: null }],
    [undefined, { decision, input: inputOf('schedule'), output: standing }],
    [undefined, { decision: { ...decision, cancels: true, fire: [] }, input: inputOf('schedule'), output: null }],
    [undefined, { decision, input: inputOf('schedule'), output: { ...standing, changed } }],
  ],
};

function wished({ acts = {} }: Kind, node: PlanNode): readonly string[] {
  return Object.entries(WISHES).flatMap(([action, cases]) =>
    cases.flatMap(([params, context]) => {
      const act = acts[action];
      if (act === undefined) return [];
      const children = { add: (name: string) => void lines.push(`counts ${name}`) };
      const actor = {
        path: 'a/b',
        node,
        input: { n: 1 },
        state: { context },
        firstLive: chain('a/b/one', 'a/b/old'),
        children,
      };
      const { port, lines } = noting(actor, ['a/b/one']);
      act(port, actor as unknown as Actor, params);
      const { input: _, ...told } = context as { readonly input?: unknown };
      return [
        `  wishes ${action} ${params === undefined ? '' : say(params)} with ${say(told)}`,
        ...lines.map((line) => `    ${line}`),
      ];
    }),
  );
}

/** Everything else that a kind says. */
export function traitsOf(name: string, kind: Kind): readonly string[] {
  const node = nodeOf(name, { children: 1 });
  const nodes = {
    plain: node,
    'with a compensation': {
      ...node,
      task: nodeOf('task', {
        task: { compensate: { run: () => null, retry: NO_RETRY, timeout: undefined, parses: false } },
      }).task,
    },
    'not waited for': { ...node, spec: { ...node.spec, detach: true } },
    'with variables': { ...node, spec: { ...node.spec, variables: ['v'] } },
  };
  const by = (ask: ((one: PlanNode) => unknown) | undefined): string =>
    ask === undefined
      ? ''
      : Object.entries(nodes)
          .map(([what, one]) => `${what}: ${say(ask(one))}`)
          .join(', ');
  const { noun, isRun, leavesNothing, isForeign, undoes, sets, placeNamed, isCounted, endedIn, recount, records } =
    kind;
  const memory = (kept: unknown): Memory => ({ node, kept });
  const marks = Object.entries({ isRun, leavesNothing, isForeign, records }).filter(([, mark]) => mark !== undefined);
  const lines = [`  a ${noun}, ${say(Object.fromEntries(marks))}`];
  if (undoes !== undefined) lines.push(`  can be undone: ${by(undoes)}`);
  if (sets !== undefined) lines.push(`  sets: ${say(sets(nodes['with variables']))}`);
  if (placeNamed !== undefined)
    for (const each of NAMES) {
      const place = placeNamed(node, each);
      lines.push(
        `  at ${say(each)}: ${place === null ? 'nothing' : say({ ...place, input: place.input?.(null as never) })}`,
      );
    }
  if (name === 'firing') lines.push(`  each is ${say({ ...FIRING, childByName: undefined, spec: FIRING.spec })}`);
  if (isCounted !== undefined)
    lines.push(
      `  is counted: ${Object.entries(KEPT)
        .map(([what, kept]) => `${what}: ${isCounted(node, memory(kept))}`)
        .join(', ')}`,
    );
  if (endedIn !== undefined)
    lines.push(
      `  has ended: ${Object.entries(KEPT)
        .map(([what, kept]) => `${what}: ${say(endedIn(memory(kept)))}`)
        .join(', ')}`,
    );
  if (recount !== undefined)
    for (const counts of Object.values(COUNTS)) {
      const { node: _, ...rest } = recount({ node, live: 9 }, { total: 9, ready: 2, settled: 5 } as never, counts);
      lines.push(`  of ${say(counts)} remembers ${say(rest)}`);
    }
  return [`## ${name}`, '', ...lines, ...wished(kind, node), ''];
}
