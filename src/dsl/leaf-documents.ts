/**
 * Steps that have to do with other runs, with the history and with the calendar, in the document of a track: an entry with the
 * key of its kind (`run`, `signal`, `emit`, `sleep`), a name, and the options that the builder takes.
 */
import type { StepDefinition } from '../definition.ts';
import type { Duration } from '../duration.ts';
import type { JsonObject } from '../json.ts';
import { type MappingData, mapperOf } from '../mapping.ts';
import { readEmit } from '../machines/emit/declaration.ts';
import { readRun } from '../machines/run/declaration.ts';
import { readSignal } from '../machines/signal/declaration.ts';
import { readSleep } from '../machines/sleep/declaration.ts';
import type { ChildOrchestrator, Deliveries, SignalTarget, SleepFor, SleepUntil } from './leaf-steps.ts';
import type { RunInput, RunOutput } from './needs.ts';
import { isOptions, readByKind } from './reading.ts';
import type { Builder } from './source.ts';
import type { AnyBody, BodyCalls, TasksOf } from './types.ts';

// biome-ignore lint/suspicious/noExplicitAny: what it carries is inferred from the one that is given
type AnyChild = ChildOrchestrator<any, any, any>;

/** Such a step in a document. `F` is what its mappers are told. */
export type DocumentLeaf<F> =
  | {
      readonly run: AnyChild;
      readonly name: string;
      readonly input?: ((facts: F) => unknown) | MappingData;
      readonly detach?: boolean;
      readonly id?: (facts: F) => string;
      readonly metadata?: JsonObject | ((facts: F) => JsonObject);
      readonly depth?: number;
    }
  | {
      readonly signal: string;
      readonly name: string;
      readonly to: 'all' | ((facts: F) => SignalTarget);
      readonly payload?: (facts: F) => unknown;
      readonly required?: boolean;
    }
  | { readonly emit: string; readonly name: string; readonly data?: (facts: F) => unknown }
  | { readonly sleep: Duration | SleepUntil<F> | SleepFor<F>; readonly name: string };

type Given<O> = O extends () => infer R ? R : O;

/** Is it an entry of this sort? A track has methods of these names. */
export type IsLeaf<X> = X extends AnyBody ? false : X extends DocumentLeaf<never> ? true : false;

/** What it leaves behind. */
export type LeafOutput<X> = X extends { readonly run: infer O }
  ? X extends { readonly detach: true }
    ? { readonly run: string }
    : RunOutput<Given<O>>
  : X extends { readonly signal: string }
    ? Deliveries
    : null;

/** The tasks that its child runs call. */
export type LeafCalls<X> = X extends AnyBody
  ? never
  : X extends { readonly run: infer O }
    ? TasksOf<BodyCalls<Given<O>>>
    : never;

/** What it is held to: the mapper of a child run makes the child's input. */
export type StrictLeaf<X, F> = X extends { readonly run: infer O }
  ? {} extends RunInput<Given<O>>
    ? Omit<X, 'input'> & { readonly input?: ((facts: F) => RunInput<Given<O>>) | MappingData }
    : Omit<X, 'input'> & { readonly input: ((facts: F) => RunInput<Given<O>>) | MappingData }
  : unknown;

/** The step of an entry; null for one that is none of these. */
export function readLeaf(entry: unknown, builder: Builder): StepDefinition | null {
  if (!isOptions(entry) || 'is' in entry) return null;
  const { name, ...rest } = entry;
  if (Object.hasOwn(entry, 'run')) {
    const { run: orchestrator, ...more } = rest;
    const options = 'input' in more ? { ...more, input: mapperOf(more.input) } : more;
    return readByKind(name, builder, (reader) => readRun(name, { orchestrator, ...options }, undefined, reader));
  }
  if (Object.hasOwn(entry, 'signal')) return readByKind(name, builder, (reader) => readSignal(name, rest, reader));
  if (Object.hasOwn(entry, 'emit')) {
    const { emit: event, ...more } = rest;
    return readByKind(name, builder, (reader) => readEmit(name, { event, ...more }, reader));
  }
  if (!Object.hasOwn(entry, 'sleep')) return null;
  return readByKind(name, builder, (reader) => {
    reader.options(entry, 'sleep of a document', ['name', 'sleep']);
    return readSleep(name, entry.sleep, reader);
  });
}
