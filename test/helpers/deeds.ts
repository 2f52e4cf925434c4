/**
 * What a box does to the world, call by call, as text: its store, its clock, its bodies, its log, its tracer and whoever listens. What
 * stands in the rows of a commit `kept.ts` says; here a commit is its runs, and how many of their events came before it and with it.
 */
import { memory, type Signalbox, type Store } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import type { Clock } from '../../src/clock.ts';
import type { Executor, LogLine } from '../../src/executor.ts';
import type { TracedBody, Tracing } from '../../src/tracing.ts';
import { foldingText } from './folding.ts';

export interface Deeds {
  readonly lines: readonly string[];
  readonly store: Store;
  /** Options of a box that is watched. */
  readonly options: object;
  note(line: string): void;
  listen(box: Pick<Signalbox, 'on'>): void;
}

type Call = (...args: readonly unknown[]) => unknown;

const brief = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 160 ? `${text.slice(0, 150)}… (${text.length})` : text;
};

/** Watches a box that is to be made with `clock` and `executor`, on `inner`. */
export function deedsOf(clock: Clock, executor: Executor | null, inner: Store = memory()): Deeds {
  const lines: string[] = [];
  const start = clock.now();
  const fold = foldingText(start);
  const note = (line: string): void => void lines.push(fold(line));

  const store = new Proxy(inner, {
    get(target, name: keyof Store) {
      const member: unknown = target[name];
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => {
        if (name === 'commit') {
          const changes = args[0] as readonly RunChange[];
          note(
            `commit ${changes.map(({ run, after, events, row, records }) => `${run} ${after}+${events.length}${row === null ? '' : ` ${row.status}`}${records === undefined ? '' : ` ${records.map(({ type }) => type)}`}`).join(', ')}`,
          );
        } else if (name !== 'open' && name !== 'saveDefinitions' && name !== 'claim')
          note(`store ${name}${args.length === 0 ? '' : ` ${fold(brief(args)).slice(1, -1)}`}`);
        else note(`store ${name}`);
        return (member as Call).apply(target, args as unknown[]);
      };
    },
  });

  let timers = 0;
  const watched: Clock = {
    ...clock,
    now: () => clock.now(),
    wakeAfter(ms, wake) {
      timers += 1;
      const number = timers;
      note(`timer ${number} in ${ms}`);
      const stop = clock.wakeAfter(ms, () => {
        note(`timer ${number}`);
        wake();
      });
      return () => {
        note(`timer ${number} off`);
        stop();
      };
    },
  };

  const body = (what: string): TracedBody => ({
    within(call) {
      note(`trace ${what}`);
      call();
    },
    outside: (call) => call(),
    over: (answer) => note(`trace ${what} over${answer === null ? '' : answer.ok ? ', well' : ', not well'}`),
  });
  const tracing: Tracing = {
    opened: () => note('trace opened'),
    starting(orchestrator) {
      note(`trace starting ${orchestrator}`);
      return {
        metadata: {},
        over: (run, error) => note(`trace start over ${run}${error === undefined ? '' : ` ${error}`}`),
      };
    },
    performing: ({ key }, undoes) => body(`${key}${undoes === null ? '' : ` undoes ${undoes}`}`),
    beside(run, path) {
      note(`trace beside ${run.id} ${path}`);
      return {
        calling: (call) =>
          body(
            `${run.id} ${path} ${call.what} ${call.name}${call.what === 'hook' ? ` ${call.on}` : ` #${call.attempt}`}`,
          ),
      };
    },
    told: ({ id }, events) => note(`trace told ${id} ${events[0]?.seq}..${events.at(-1)?.seq}`),
    lost: (run) => note(`trace lost ${run}`),
    closed: () => note('trace closed'),
  };

  const around = (of: Executor): Executor => ({
    execute(job, answer) {
      note(`begin ${job.key}${job.deadline === null ? '' : ` till +${job.deadline - start}`} ${brief(job.input)}`);
      job.signal().addEventListener('abort', () => {
        const { name } = job.signal().reason as Error;
        note(`end ${job.key}: ${name}`);
      });
      of.execute(job, (given) => {
        note(`answer ${job.key} ${given?.ok === true ? 'well' : 'not well'}`);
        answer(given);
      });
    },
  });

  return {
    lines,
    store,
    note,
    listen: (box) =>
      void box.on('*', ({ run, seq, type, path }) => {
        const [heard, last] = [`${seq} ${type} ${path}`.trim(), lines.at(-1)];
        if (last?.startsWith(`hear ${run} `)) lines[lines.length - 1] = `${last}, ${heard}`;
        else note(`hear ${run} ${heard}`);
      }),
    options: {
      clock: watched,
      tracing,
      ...(executor === null ? {} : { executor: () => around(executor) }),
      // Of what is told to listeners, there is a line for each at this level.
      logger: ({ level, message, path, attempt }: LogLine) => {
        const at = path === undefined ? '' : ` [${path}${attempt === undefined ? '' : `#${attempt}`}]`;
        if (level !== 'debug' || !/^\w+\.\w+( |$)/.test(message)) note(`log ${level} ${message}${at}`);
      },
    },
  };
}
