/**
 * Steps that were lost: a builder is immutable, so `payment.step(…)` as a statement adds nothing to `payment`. It is no
 * fault, since somebody may branch off one builder for several tracks; but what branched off a definition in use
 * and is used nowhere is most likely a mistake.
 */
import type { AnyDefinition, StepDefinition, TrackUse } from '../definition.ts';
import { show } from '../errors/index.ts';
import { droppedFrom } from './chain.ts';
import { sourceOf } from './source.ts';
import { walk } from './walk.ts';

/** A step that is in no definition, and what to do about it. */
export interface Dropped {
  readonly step: string;
  readonly message: string;
}

/** What was added to a definition, or to a part of it, and is in none. To be asked when all definitions have been made. */
export function droppedIn(root: AnyDefinition): readonly Dropped[] {
  // By what was dropped: two tracks that share a beginning share what was lost from it.
  const owners = new Map<object, AnyDefinition>();
  for (const definition of walk(root)) for (const item of droppedFrom(definition)) owners.set(item, definition);
  return [...owners].map(([item, definition]) => about(definition, item as StepDefinition | TrackUse));
}

/** Kinds of step that a builder has a method of their own for. */
const OWN_CALLS: ReadonlySet<string> = new Set(['sleep', 'wait', 'run', 'signal', 'emit', 'kind']);

function about({ is, name }: AnyDefinition, item: StepDefinition | TrackUse): Dropped {
  const what = 'after' in item ? 'track' : 'step';
  const body = typeof item.body === 'object' ? item.body.is : what;
  const call = OWN_CALLS.has(body) ? body : what;
  const source = sourceOf(item);
  const message =
    `The ${is} "${name}" has no ${what} ${show(item.name)}, although one was added: ` +
    `.${call}(…) leaves its builder as it is and returns another one, which is used nowhere. ` +
    `Chain the calls, or keep what it returns${source === undefined ? '' : `; it is at ${source}`}.`;
  return { step: String(item.name), message };
}
