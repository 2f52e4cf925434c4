/**
 * What a SQLite store and its writing thread say to each other, and when a thread keeps the process alive: `sqlite-protocol.txt`. A
 * message too few and somebody waits for ever, one too many and a file is written to that is another's by then.
 */
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOf } from 'signalbox';
import type { RunChange } from 'signalbox/store';
import { type SqliteOptions, type SqliteStore, sqlite } from 'signalbox/sqlite';
import { settled } from 'signalbox/testing';
import { expect, onTestFinished, test } from 'vitest';
import { actor, change, row } from '../../src/testing/conformance-rows.ts';
import { newFile } from '../helpers/files.ts';
import { owner } from '../helpers/sqlite.ts';
import { listenToThreads, type Wire } from '../helpers/threads.ts';

/** A run that begins with so many places. */
const begins = (run: string, places = 0, key: string | null = null): RunChange =>
  change(run, 0, { row: row(run, { key }), actors: Array.from({ length: places }, (_, at) => actor(run, `p${at}`)) });

/** What is done with stores, one after the other, among what is said over the wire meanwhile. */
class Talk {
  readonly wire: Wire;
  readonly #folders: string[] = [];

  constructor(wire: Wire) {
    this.wire = wire;
  }

  /** A store on a file of its own. */
  begin(what: string, options: SqliteOptions): { readonly store: SqliteStore; readonly file: string } {
    const file = newFile();
    this.#folders.push(dirname(file));
    const store = sqlite(file, options);
    onTestFinished(() => store.close());
    this.wire.note(`## ${what}`);
    return { store, file };
  }

  /** Does something; says whether it was done at once, and what it ended with. */
  async say(what: string, work: () => unknown): Promise<void> {
    this.wire.note(what);
    const tell = (found: string): void => this.wire.note(`  = ${found}`);
    const wrong = (error: unknown): void => tell(`${(error as Error).name}: ${(error as Error).message}`);
    try {
      const answer = work();
      if (!(answer instanceof Promise)) return tell(`at once: ${JSON.stringify(answer)}`);
      await answer.then((given: unknown) => tell(`later: ${JSON.stringify(given)}`), wrong);
    } catch (error) {
      wrong(error);
    }
  }

  take(): string {
    const shown = (line: string): string =>
      this.#folders.reduce((left, folder) => left.replaceAll(folder, '<folder>'), line);
    return `${this.wire.take().map(shown).join('\n')}\n`.replaceAll(/"inode":"\d+:\d+"/g, '"inode":"…"');
  }
}

async function opens(talk: Talk): Promise<void> {
  const { store } = talk.begin('all commits go to the thread', { thread: 'always', synchronous: 'normal' });
  await talk.say('it is opened', () => store.open(owner()));
  await talk.say('a commit', () => store.commit([begins('a', 1)]));
  const second = talk.say('another, and before it has landed one more', () =>
    store.commit([change('a', 1), begins('b')]),
  );
  await Promise.all([second, talk.say('that one', () => store.commit([begins('c')]))]);
  const third = talk.say('a commit, and before it has landed', () => store.commit([begins('d')]));
  const claims = talk.say('something is claimed', () => store.claim(5));
  const adds = talk.say('a record is added', () =>
    store.addRecord({ run: 'a', type: 't', id: 'r', version: 1, body: 1, keys: {} }),
  );
  const keeps = talk.say('a definition is kept', () =>
    store.saveDefinitions([{ orchestrator: 'o', version: '1', hash: 'h', lines: [] }]),
  );
  const end = { run: 'b', at: 2, path: '', type: 'run.cancelled', reason: null } as const;
  const abandons = talk.say('a run is abandoned', () => store.abandonRun(end as Omit<EventOf<'run.cancelled'>, 'seq'>));
  const deletes = talk.say('and deleted', () => store.deleteRun('b'));
  await Promise.all([third, claims, adds, keeps, abandons, deletes]);
  const last = talk.say('a commit, and before it has landed', () => store.commit([begins('e')]));
  const closes = talk.say('it is closed', () => store.close());
  await Promise.all([last, closes, talk.say('and closed again', () => store.close())]);
  await talk.say('and again, when it has been', () => store.close());
  await talk.say('it is opened again', () => store.open(owner('two')));
  await talk.say('what was committed is claimed', () => store.claim(9));
  await talk.say('it is closed', () => store.close());
}

async function large(talk: Talk): Promise<void> {
  const { wire } = talk;
  const { store } = talk.begin('large commits go to the thread', {});
  await talk.say('it is opened', () => store.open(owner()));
  await talk.say('a small commit', () => store.commit([begins('a', 1), begins('b', 1)]));
  await talk.say('a run with a great many places', () => store.commit([begins('c', 1_000)]));
  await talk.say('two runs with 127', () => store.commit([begins('d', 100), begins('e', 27)]));
  const ready = wire.hears('{"ready"');
  await talk.say('two runs with 128, which are a reason for a thread', () =>
    store.commit([begins('f', 100), begins('g', 28)]),
  );
  await talk.say('two runs before it is there', () => store.commit([begins('h', 100), begins('i', 28)]));
  await ready;
  await talk.say('two runs with 127 when it is', () => store.commit([begins('j', 100), begins('k', 27)]));
  const first = talk.say('two runs with 128', () => store.commit([begins('l', 100), begins('m', 28)]));
  await Promise.all([first, talk.say('a small one beside it', () => store.commit([begins('n')]))]);
  await talk.say('two runs with a thousand', () => store.commit([begins('o', 999), begins('p', 1)]));
  await talk.say('a small one after it', () => store.commit([begins('q')]));
  await talk.say('it is closed', () => store.close());
}

async function never(talk: Talk): Promise<void> {
  const { store } = talk.begin('no commit goes to a thread', { thread: 'never' });
  await talk.say('it is opened', () => store.open(owner()));
  await talk.say('two runs with a thousand places', () => store.commit([begins('a', 500), begins('b', 500)]));
  await talk.say('it is closed', () => store.close());
  const memory = sqlite(':memory:', { thread: 'always' });
  await talk.say('one in memory is opened', () => memory.open(owner()));
  await talk.say('two runs with a thousand places', () => memory.commit([begins('a', 500), begins('b', 500)]));
  await talk.say('it is closed', () => memory.close());
}

async function fails(talk: Talk): Promise<void> {
  const { store, file } = talk.begin('commits that fail', { thread: 'always' });
  await talk.say('it is opened', () => store.open(owner()));
  await talk.say('a commit', () => store.commit([begins('a', 1, 'k')]));
  await talk.say('one under a key that is taken, with one that would fit', () =>
    store.commit([change('a', 1), begins('b', 0, 'k')]),
  );
  await talk.say('the one that fits', () => store.commit([change('a', 1)]));
  const ended = { state: 'completed', endedAt: 9, endedSeq: 3, input: 'the input' } as const;
  await talk.say('a place that ends and has no row', () =>
    store.commit([change('a', 2, { actors: [actor('a', 'late', ended)] })]),
  );
  await talk.say('a run that is behind', () => store.commit([change('a', 2)]));
  renameSync(file, `${file}-elsewhere`);
  // A file that was just looked at counts as there for a moment.
  await sleep(2);
  await talk.say('its file has another name', () => store.commit([change('a', 3)]));
  await talk.say('it is closed', () => store.close());
}

async function comesUp(talk: Talk): Promise<void> {
  const { wire } = talk;
  const { store: early } = talk.begin('a store that is closed while its thread opens the file', { thread: 'always' });
  wire.fate = 'waits';
  const opens = talk.say('it is opened', () => early.open(owner()));
  const closes = talk.say('and closed, and only now the thread hears of it', () => early.close());
  wire.pass();
  await Promise.all([opens, closes]);
  await talk.say('it is opened again', () => early.open(owner()));
  await talk.say('and closed', () => early.close());

  const { store, file } = talk.begin('a file that is another one when the thread opens it', { thread: 'always' });
  wire.fate = 'waits';
  const opened = talk.say('it is opened', () => store.open(owner()));
  renameSync(file, `${file}-elsewhere`);
  wire.pass();
  await opened;
  renameSync(`${file}-elsewhere`, file);
  await settled();
  await talk.say('two runs with a thousand places', () => store.commit([begins('a', 500), begins('b', 500)]));
  await talk.say('it is closed', () => store.close());
}

async function ends(talk: Talk): Promise<void> {
  const { wire } = talk;
  const lost = async (what: string, fate: Wire['fate']): Promise<void> => {
    const { store } = talk.begin(`a thread that ends by itself, ${what}`, { thread: 'always' });
    await talk.say('it is opened', () => store.open(owner()));
    await talk.say('a commit', () => store.commit([begins('a')]));
    wire.fate = fate;
    const commit = talk.say('another, whose thread ends', () => store.commit([change('a', 1), begins('b')]));
    const beside = talk.say('and one beside it', () => store.commit([begins('c')]));
    const idle = talk.say('a claim waits for them', () => store.claim(5));
    if (fate === 'is not answered') await wire.hears('{"begun":[3]}');
    await wire.end();
    wire.pass();
    await Promise.all([commit, beside, idle]);
    await settled();
    await talk.say('it is committed again', () => store.commit([change('a', 1)]));
    await talk.say('and so is the one beside it', () => store.commit([begins('c')]));
    await talk.say('two runs with a thousand places', () => store.commit([begins('d', 500), begins('e', 500)]));
    await talk.say('it is closed', () => store.close());
  };
  await lost('before it has written', 'is lost');
  await lost('when it has written', 'is not answered');

  const { store } = talk.begin('a thread that ends by itself, with nothing to do', { thread: 'always' });
  await talk.say('it is opened', () => store.open(owner()));
  await wire.end();
  await settled();
  await talk.say('a commit', () => store.commit([begins('a')]));
  await talk.say('it is closed', () => store.close());

  const { store: closed } = talk.begin('a thread that ends by itself, while its store is closed', { thread: 'always' });
  await talk.say('it is opened', () => closed.open(owner()));
  wire.fate = 'is lost';
  const closes = talk.say('it is closed', () => closed.close());
  await wire.end();
  wire.pass();
  await closes;
  await settled();

  const { store: next } = talk.begin('a thread that ends by itself, when it has let go of its file', {
    thread: 'always',
  });
  await talk.say('it is opened, by a thread that lives', () => next.open(owner()));
  await talk.say('it is closed', () => next.close());
  await wire.end();
  await talk.say('it is opened, by another thread', () => next.open(owner()));
  await talk.say('it is closed', () => next.close());
}

test('a store and its thread say what they have to, and no more, in the order in which it is needed (I3)', async () => {
  const wire = await listenToThreads();
  const talk = new Talk(wire);
  const warned = ({ code, message }: Error & { readonly code?: string }): void =>
    void (code?.startsWith('SIGNALBOX') && wire.note(`  warning ${message}`));
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));

  await opens(talk);
  await large(talk);
  await never(talk);
  await fails(talk);
  await comesUp(talk);
  await ends(talk);

  await expect(talk.take()).toMatchFileSnapshot('./sqlite-protocol.txt');
});
