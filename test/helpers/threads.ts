/** What is said between a SQLite store and its writing thread, in order, with whether a thread keeps the process alive. */
import { Worker } from 'node:worker_threads';
import { sqlite } from 'signalbox/sqlite';
import { onTestFinished } from 'vitest';
import { newFile } from './files.ts';
import { owner } from './sqlite.ts';

export interface Wire {
  /** Says something between two messages. */
  note(line: string): void;
  /** All that was said since this was called before. */
  take(): string[];
  /** Ends the thread that was given a file last, as a crash of it would. */
  end(): Promise<void>;
  /** What happens to messages from now on: what is asked waits until `pass` is called, or is lost, or the answer to it is. */
  fate: 'comes' | 'waits' | 'is lost' | 'is not answered';
  /** What waits is handed over, and what is said from now on comes. */
  pass(): void;
  /** Resolves when a thread says something that begins like this, from now on. */
  hears(beginning: string): Promise<void>;
}

/** So many threads wait for a next file, whatever the tests before have left: which thread takes a file is then the same each time. */
const KEPT = 2;

/** Listens until the test is over. */
export async function listenToThreads(): Promise<Wire> {
  const stores = Array.from({ length: KEPT + 1 }, () => sqlite(newFile(), { thread: 'always' }));
  for (const store of stores) await store.open(owner());
  for (const store of stores) await store.close();

  const lines: string[] = [];
  const threads: (Worker | null)[] = [];
  let last: Worker | null = null;
  const awaited: { readonly beginning: string; readonly resolve: () => void }[] = [];
  const waiting: (() => unknown)[] = [];
  // What others are told, and say, is no part of it.
  const say = (thread: Worker, what: string): void => {
    if (threads.includes(thread)) lines.push(`  ${what.replace('#', `${threads.indexOf(thread) + 1}`)}`);
  };
  const wire: Wire = {
    note: (line) => void lines.push(line),
    take: () => lines.splice(0),
    async end() {
      const thread = last as Worker;
      last = null;
      // Whoever ends a thread has Node hold the process for that.
      threads[threads.indexOf(thread)] = null;
      lines.push('  the thread ends');
      await thread.terminate();
    },
    fate: 'comes',
    pass() {
      wire.fate = 'comes';
      for (const send of waiting.splice(0)) send();
    },
    hears: (beginning) => new Promise<void>((resolve) => void awaited.push({ beginning, resolve })),
  };
  const own = Worker.prototype as unknown as { [name: string]: unknown };
  const before = Object.fromEntries(['postMessage', 'ref', 'unref'].map((name) => [name, own[name]]));
  const { emit } = Worker.prototype;
  const call = (name: string, thread: Worker, ...values: unknown[]): unknown =>
    (before[name] as (...given: unknown[]) => unknown).apply(thread, values);
  own.postMessage = function (this: Worker, asked: unknown) {
    if ('open' in (asked as object)) {
      last = this;
      if (!threads.includes(this)) threads.push(this);
    }
    say(this, `→ thread # ${shown(asked)}`);
    if (wire.fate === 'waits') waiting.push(() => call('postMessage', this, asked));
    else if (wire.fate !== 'is lost') call('postMessage', this, asked);
  };
  own.ref = function (this: Worker) {
    say(this, 'thread # keeps the process');
    return call('ref', this);
  };
  own.unref = function (this: Worker) {
    say(this, 'thread # lets the process end');
    return call('unref', this);
  };
  own.emit = function (this: Worker, name: string, ...given: unknown[]) {
    const heard = name === 'message' ? shown(given[0]) : [name, ...given.map(String)].join(' ');
    if (['online', 'message', 'error'].includes(name)) say(this, `← thread # ${heard}`);
    const isLost = name === 'message' && wire.fate === 'is not answered';
    const answer = isLost || emit.call(this, name as 'message', ...(given as [unknown]));
    for (const each of awaited) if (heard.startsWith(each.beginning)) each.resolve();
    return answer;
  };
  onTestFinished(() => {
    Object.assign(own, before);
    delete own.emit;
  });
  return wire;
}

/** A message; of the lists of a commit that are long, how long. */
function shown(message: unknown): string {
  const { write } = message as { readonly write?: readonly (readonly unknown[])[] };
  if (write === undefined) return JSON.stringify(message, (_, value) => (value === undefined ? '<undefined>' : value));
  const told = JSON.stringify(write);
  return `writes ${told.length < 600 ? told : `lists of ${write.map(({ length }) => length).join(' and ')} values`}`;
}
