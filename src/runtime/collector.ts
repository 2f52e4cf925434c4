/**
 * What collects the starts of an orchestrator that says `debounce` (S30): a run of its own for each key, which takes one call after
 * the other until none has come for so long, and then starts the orchestrator with the last one's input, as its child. Being a
 * run it is durable, and belongs to one process at a time.
 *
 * A call belongs to the collector that took it or has kept it (`accepted`, `buffered`), and to no other: its time being up, the end of
 * the loop and the start of the child are one turn, so one that is kept is taken by the next round, whenever that begins. What is
 * refused (`signal-late`, `buffer-full`) is for the next collector.
 */
import type { OrchestratorDefinition } from '../definition.ts';
import { orchestrator, track } from '../dsl/index.ts';
import { UNHOOKED } from '../hooks.ts';
import type { Json } from '../json.ts';
import { AS_IT_COMES } from '../schema.ts';

/** What a start is when a run of its key is live: that run, an error, or the end of the other one first. */
export type WhenLive = 'join' | 'refuse' | 'cancelOther';
/** How a start is one of those with the same key. */
export interface KeyedOptions {
  /** While a run under this key is live, there is no second one. `whenLive` says what a start is then (`'join'`). The run's id begins with it: no secret. */
  readonly singleton?: string | { readonly key: string; readonly whenLive?: WhenLive };
  /** Starts under this key that follow each other sooner than the orchestrator's `debounce` are one, with the last one's input. The run's id begins with it: no secret. */
  readonly debounce?: string;
}

export const CALL = 'call';
const FOREVER = Number.MAX_SAFE_INTEGER;
const collectors = new WeakMap<OrchestratorDefinition, OrchestratorDefinition>();

export function collectorName(orchestrator: string): string {
  return `${orchestrator}~debounce`;
}

/** What collects the starts of an orchestrator under a key, until none has come for as long as it says: a run, so it is durable. */
export function collectorOf(definition: OrchestratorDefinition): OrchestratorDefinition | null {
  const { name, version, debounce } = definition;
  if (debounce === undefined) return null;
  const known = collectors.get(definition);
  if (known !== undefined) return known;
  const call = track('call', { input: AS_IT_COMES }).wait('call', {
    signal: CALL,
    timeout: debounce,
    onTimeout: { value: null },
  });
  const calls = track('calls', { input: AS_IT_COMES })
    .loop('calls', {
      body: { do: call, input: () => null },
      until: ({ output }) => output === null,
      accumulate: (last, { output }) => (output ?? last) as Json,
      from: null as Json,
      keepLast: 1,
      maxIterations: FOREVER,
    })
    .run('run', {
      orchestrator: Object.freeze({ is: 'orchestrator', name, definition }) as never,
      input: ({
        input,
        outputs,
      }: {
        readonly input: unknown;
        readonly outputs: { readonly calls: { readonly accumulator: Json } };
      }) => ((outputs.calls.accumulator ?? input) as { readonly input: Json }).input,
    } as never);
  const { definition: own } = orchestrator(collectorName(name), { version, input: AS_IT_COMES })
    .track('calls', calls as never, { input: ({ input }: { readonly input: unknown }) => input } as never)
    .output((({ outputs }: { readonly outputs: { readonly calls: Json } }) => outputs.calls) as never);
  // A hook after the wait would let calls in whose time is up: they would be kept, and nobody would take them.
  const made = Object.freeze({ ...own, hooks: UNHOOKED });
  collectors.set(definition, made);
  return made;
}
