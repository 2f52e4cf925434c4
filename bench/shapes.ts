/**
 * The loads as signalbox definitions, written as a user would: a schema for the run, for
 * the track, and for what a task takes and gives. `loose` has schemas that let everything
 * pass, so that the difference is what zod takes.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  type AnyOrchestrator,
  createSignalbox,
  defineOrchestrator,
  defineTrack,
  memory,
  type SignalboxOptions,
  type Store,
  type Task,
  type Track,
  task,
} from 'signalbox';
import { z } from 'zod';
import { type Contender, type Count, type Load, type Step, stepOf } from './load.ts';

export type CountSchema = StandardSchemaV1<Count, Count>;

export const strict: CountSchema = z.object({ n: z.number() });

export const loose: CountSchema = {
  '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as Count }) },
};

type CountTask = Task<string, Count, Count, never>;
type CountTrack = Track<'t', Count, Count, never>;

export function countTask(schema: CountSchema, step: Step, policies: object = {}): CountTask {
  const options = { input: schema, output: schema, run: ({ input }: { input: Count }) => step(input) };
  return task('increment', { ...options, ...policies }) as CountTask;
}

/** What a careful user declares on every task. No attempt fails, none takes too long, and the limit is reached all the time. */
export const POLICIES = {
  retry: { maxAttempts: 5, delay: '1s', jitter: 0.2 },
  timeout: '30s',
  concurrency: 64,
  hooks: [{ beforeStep: () => {} }],
} as const;

/** `tracks` tracks side by side, of `steps` steps each; a run of it results in the sum. */
export function orchestratorFor({ tracks, steps }: Load, schema: CountSchema, body: CountTask): AnyOrchestrator {
  const track = defineTrack({
    name: 't',
    input: schema,
    tasks: Array.from({ length: steps }, (_, at) => ({
      name: `s${at}`,
      task: body,
      input: ({ input, previous }: { input: Count; previous: Count | null }) => previous ?? input,
    })),
  }) as CountTrack;
  const names = Array.from({ length: tracks }, (_, at) => `t${at}`);
  const same = ({ input }: { input: Count }): Count => input;
  return defineOrchestrator({
    name: 'load',
    version: '1',
    input: schema,
    tracks: Object.fromEntries(names.map((name) => [name, track])),
    inputMappings: Object.fromEntries(names.map((name) => [name, same])),
    output: ({ outputs }) => sum(Object.values(outputs)),
  });
}

export interface BoxChoices {
  readonly schema: CountSchema;
  readonly lane: NonNullable<SignalboxOptions<readonly []>['lane']>;
  /** A store, and what removes it; in memory if left out. */
  readonly store?: () => { readonly store: Store; remove(): void };
  /** Of its task: retries and the like. */
  readonly policies?: object;
  /** One box does all repetitions, as it does in an application; otherwise each has its own, with nothing in its store. */
  readonly oneBox?: boolean;
}

export function signalbox(
  load: Load,
  { schema, lane, store = () => ({ store: memory(), remove: () => {} }), oneBox = false, policies }: BoxChoices,
): Contender {
  const definition = orchestratorFor(load, schema, countTask(schema, stepOf(load), policies));
  const open = async () => {
    const kept = store();
    const box = await createSignalbox({ orchestrators: [definition], lane, store: kept.store });
    return { box, remove: kept.remove };
  };
  let all: ReturnType<typeof open> | null = null;
  return {
    async begin() {
      if (oneBox && all === null) {
        all = open();
        const { remove } = await all;
        process.once('exit', remove);
      }
      const { box, remove } = await (all ?? open());
      const before = box.counts.commits;
      const one = async (): Promise<number> => {
        const run = await box.start(definition, { input: { n: 0 } });
        return run.result();
      };
      return {
        go: async () => total(await Promise.all(Array.from({ length: load.runs }, one))),
        async end() {
          const { commits } = box.counts;
          if (!oneBox) {
            await box.close();
            remove();
          }
          return commits - before;
        },
      };
    },
  };
}

function sum(counts: readonly Count[]): number {
  return total(counts.map(({ n }) => n));
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
