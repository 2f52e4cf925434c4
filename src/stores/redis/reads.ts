/**
 * What is read from a Redis server: rows by their keys, and whatever takes several keys by a script. Large answers come
 * in pages. `index.ts` has the rest of the store.
 */
import type { RunEvent } from '../../events.ts';
import { isFailure } from '../../status.ts';
import type {
  ActorRow,
  AttemptRow,
  ChildCounts,
  ChildPage,
  ChildRow,
  CompletedQuery,
  DefinitionRow,
  EventQuery,
  FailureRow,
  OpenRun,
  RecordPage,
  RecordQuery,
  RecordRow,
  RunPage,
  RunQuery,
  RunRow,
  SignalRow,
} from '../../store.ts';
import type { Address } from './address.ts';
import { keyField } from './batch.ts';
import { Connection, type Reply } from './connection.ts';
import { idOf, part } from './keys.ts';
import { countsOf } from '../counts.ts';
import { completedOf, seqOf } from '../completed.ts';
import { numberIn } from '../cursor.ts';
import { pageOf } from './lists.ts';
import { READ_RECORDS } from './record-scripts.ts';
import { recordField, recordList } from './records.ts';
import { type OpenReply, type RecordReply, sorted } from './replies.ts';
import { failureOf, RowReader } from './rows.ts';
import { PAGE, SCORE, type Script } from './script.ts';
import * as scripts from './scripts.ts';

/** Events and attempts that one command reads at the most: others wait while it runs. */
const READ_AT_ONCE = 2_000;

/** What a run says that was begun by a version that did not list failures. Those that did not list what has completed say something else. */
const UNLISTED_FAILURES = '1';

export abstract class RedisReads {
  readonly name: string;
  protected readonly base: string;
  protected readonly rows: RowReader;
  protected readonly connection: Connection;

  constructor(address: Address, base: string) {
    this.name = address.name;
    this.base = base;
    this.rows = new RowReader(address.name);
    this.connection = new Connection(address, () => this.greet());
  }

  /** What is done with each new connection before anything else. */
  protected abstract greet(): Promise<void>;

  async readDefinition(orchestrator: string, version: string, hash: string): Promise<DefinitionRow | null> {
    const field = JSON.stringify([orchestrator, version, hash]);
    const row = await this.connection.send<string | null>('HGET', this.key('definitions'), field);
    return row === null ? null : this.rows.definition(row, orchestrator, version, hash);
  }

  async readRun(run: string): Promise<RunRow | null> {
    return this.#runOf(run, await this.connection.send<string[]>('HMGET', this.of('run', run), 'start', 'state'));
  }

  async readRunByKey(orchestrator: string, key: string): Promise<RunRow | null> {
    const field = keyField(orchestrator, key);
    const run = await this.connection.send<string | null>('HGET', this.key('keys'), field);
    return run === null ? null : await this.readRun(idOf(run));
  }

  async readRuns(query: RunQuery): Promise<RunPage> {
    const { runs: page, cursor } = await pageOf(query, {
      run: (script, ...values) => this.ask(script, ...values),
      lists: () => this.connection.send<string[]>('SMEMBERS', this.key('lists')),
    });
    const rows = await this.connection.sendAll<string[]>(
      page.map((run) => ['HMGET', `${this.base}run:${run}`, 'start', 'state']),
    );
    // One may have been deleted in between.
    const runs = page.flatMap((run, index) => this.#runOf(idOf(run), rows[index] ?? []) ?? []);
    return { runs, cursor };
  }

  async readOpen(run: string): Promise<OpenRun | null> {
    const found = await this.ask<readonly Reply[] | null>(scripts.READ_OPEN, part(run));
    if (found === null) return null;
    const [start, state, owner, fence, seq, signals, numbers, steps] = found as OpenReply;
    const row = this.rows.run(run, start, state);
    // More than a page of open steps are too many for the script, which answers with their numbers alone.
    const texts = steps.length === numbers.length ? steps : await this.#steps(run, sorted(numbers));
    return {
      row,
      owner: owner === null ? null : idOf(owner),
      fence: Number(fence),
      seq,
      open: texts.map((text, index) => this.rows.step(run, text, numbers[index] as string)),
      signals: signals.map((text, index) => this.rows.signal(run, text, `kept ${index}`)),
    };
  }

  async readChildren(
    run: string,
    parents: readonly string[],
    { after, limit = Number.MAX_SAFE_INTEGER }: ChildPage = {},
  ): Promise<readonly ChildRow[]> {
    const last =
      after === undefined
        ? null
        : await this.connection.send<string | null>('HGET', this.of('paths', run), part(after));
    // They travel together; what comes is as large as the rows are.
    return (await Promise.all(parents.map((parent) => this.#childrenOf(run, parent, last ?? '0', limit)))).flat();
  }

  async #childrenOf(run: string, parent: string, after: string, limit: number): Promise<readonly ChildRow[]> {
    const children: ChildRow[] = [];
    for (let last = after; ; ) {
      const some = Math.min(limit - children.length, PAGE);
      const page = await this.ask<readonly [string[], string[]]>(
        ...([scripts.READ_CHILDREN, part(run), part(parent), last, String(some)] as const),
      );
      const [numbers, texts] = page;
      for (const [index, text] of texts.entries()) children.push(this.rows.child(run, text, numbers[index] as string));
      if (numbers.length < some || children.length === limit) return children;
      last = numbers.at(-1) as string;
    }
  }

  async countChildren(run: string, parent: string): Promise<ChildCounts> {
    const counted: [state: unknown, count: number][] = [];
    for (let last = '0'; ; ) {
      const found = await this.ask<(string | number)[]>(scripts.COUNT_CHILDREN, part(run), part(parent), last);
      if (found.length === 0) return countsOf(this.name, `${run}, below ${parent}`, counted);
      for (let index = 1; index < found.length; index += 2) counted.push([found[index], Number(found[index + 1])]);
      last = String(found[0]);
    }
  }

  async readFailures(run: string): Promise<readonly FailureRow[]> {
    const [failed, unlisted] = await this.connection.sendAll<string[] | string | null>([
      ['SMEMBERS', this.of('failed', run)],
      ['HGET', this.of('run', run), 'unlisted'],
    ]);
    // Begun before failures were listed.
    if (unlisted === UNLISTED_FAILURES)
      return (await this.readActors(run)).filter(({ state }) => isFailure(state)).map(failureOf);
    const numbers = sorted(failed as string[]);
    const texts = await this.#steps(run, numbers);
    return texts.map((text, index) => this.rows.failure(run, text, numbers[index] as string));
  }

  async readActors(run: string): Promise<readonly ActorRow[]> {
    const [last, count] = await this.connection.sendAll<string | number | null>([
      ['HGET', this.of('run', run), 'last'],
      ['HLEN', this.of('paths', run)],
    ]);
    // Where some were forgotten, the others have gaps between their numbers.
    const numbers =
      last === null
        ? Array.from({ length: Number(count) }, (_, index) => String(index + 1))
        : sorted(await this.connection.send<string[]>('HKEYS', this.of('steps', run)));
    const texts = await this.#steps(run, numbers);
    // A number without a row is that of a parent that was named and has not begun.
    return texts.flatMap((text, index) => (text === null ? [] : this.rows.step(run, text, numbers[index] as string)));
  }

  async readCompleted(run: string, query: CompletedQuery): Promise<readonly ActorRow[]> {
    const { before, limit } = query;
    const below = before === undefined ? '+inf' : String(before * SCORE);
    const page = await this.#completed(run, below, '-inf', limit);
    if (page === null) return completedOf(await this.readActors(run), query);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return page.map(({ row }) => row);
    const rest = await this.#completed(run, last.score, String(seqOf(last.row) * SCORE), Number.MAX_SAFE_INTEGER);
    return [...page, ...(rest ?? [])].map(({ row }) => row);
  }

  /** Those with scores below one, down to another, with their scores; null if not all are listed. */
  async #completed(
    run: string,
    below: string,
    from: string,
    limit: number,
  ): Promise<readonly { readonly row: ActorRow; readonly score: string }[] | null> {
    const found: { readonly row: ActorRow; readonly score: string }[] = [];
    for (let last = below; ; ) {
      const some = Math.min(limit - found.length, PAGE);
      const page = await this.ask<readonly [string[], string[]] | null>(
        ...([scripts.READ_COMPLETED, part(run), last, from, String(some)] as const),
      );
      if (page === null) return null;
      const [numbers, texts] = page;
      for (const [index, text] of texts.entries()) {
        const number = numbers[index] as string;
        const row = this.rows.step(run, text, number);
        last = String(seqOf(row) * SCORE + Number(number));
        found.push({ row, score: last });
      }
      if (numbers.length < some || found.length === limit) return found;
    }
  }

  async readAttempts(run: string): Promise<readonly AttemptRow[]> {
    const texts = await this.#range(this.of('attempts', run), 0, Number.POSITIVE_INFINITY);
    return texts.map((text, index) => this.rows.attempt(run, text, index));
  }

  async readSignal(run: string, id: string): Promise<SignalRow | null> {
    const text = await this.connection.send<string | null>('HGET', this.of('signals', run), part(id));
    return text === null ? null : this.rows.signal(run, text, id);
  }

  async readEvents(run: string, { after, limit }: EventQuery): Promise<readonly RunEvent[]> {
    const texts = await this.#range(this.of('events', run), after, limit);
    return texts.map((text, index) => this.rows.event(run, text, after + index));
  }

  async readRecord(run: string, type: string, id: string): Promise<RecordRow | null> {
    const text = await this.connection.send<string | null>('HGET', this.of('records', run), recordField({ type, id }));
    return text === null ? null : this.rows.record(run, text, `${type}, ${id}`);
  }

  async readRecords(query: RecordQuery): Promise<RecordPage> {
    const { type, limit } = query;
    const records: RecordRow[] = [];
    for (let after = String(numberIn(query.after)); ; ) {
      const some = Math.min(limit - records.length, PAGE);
      const found = await this.ask<readonly RecordReply[]>(
        READ_RECORDS,
        ...[part(type), recordList(query), after, String(some)],
      );
      for (const [number, run, text] of found) records.push(this.rows.record(idOf(run), text, `${type}, ${number}`));
      after = found.at(-1)?.[0] ?? after;
      if (found.length < some) return { records, cursor: null };
      if (records.length === limit) return { records, cursor: after };
    }
  }

  protected ask<T extends Reply>(script: Script, ...values: readonly string[]): Promise<T> {
    return this.connection.run<T>(script, [this.base], values);
  }

  protected key(name: string): string {
    return this.base + name;
  }

  protected of(what: string, id: string): string {
    return `${this.base}${what}:${part(id)}`;
  }

  #runOf(run: string, [start, state]: readonly (string | null)[]): RunRow | null {
    return (start ?? state ?? null) !== null ? this.rows.run(run, start ?? null, state ?? null) : null;
  }

  async #steps(run: string, numbers: readonly string[]): Promise<readonly (string | null)[]> {
    const commands: string[][] = [];
    for (let from = 0; from < numbers.length; from += PAGE) {
      commands.push(['HMGET', this.of('steps', run), ...numbers.slice(from, from + PAGE)]);
    }
    return (await this.connection.sendAll<(string | null)[]>(commands)).flat();
  }

  async #range(key: string, from: number, limit: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let page: readonly string[] | null = null; found.length < limit && page?.length !== 0; ) {
      const [first, some] = [from + found.length, Math.min(limit - found.length, READ_AT_ONCE)];
      page = await this.connection.send<string[]>('LRANGE', key, String(first), String(first + some - 1));
      for (const text of page) found.push(text);
    }
    return found;
  }
}
