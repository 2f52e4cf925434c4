/**
 * The Redis store, as `signalbox/redis`: for several processes that share one place, on a server that is there anyway.
 * Redis or Valkey, 7 or later. A commit is one script, so it lands whole or not at all.
 *
 * Nothing is remembered here of what stands in the server: each commit is checked there, against owner, fence and the
 * number of events of each run (I2).
 */
import { type Duration, toMs } from '../../duration.ts';
import { InvalidOption } from '../../errors/index.ts';
import type { RunEvent } from '../../events.ts';
import { isFailure } from '../../status.ts';
import type { ChildRow, FailureRow } from '../../store.ts';
import type {
  AbandonedEvent,
  ActorRow,
  AttemptRow,
  DefinitionRow,
  OpenRun,
  Owner,
  RunChange,
  RunPage,
} from '../../store.ts';
import type { EventQuery, Pin, RunQuery, RunRow, Sharing, SignalRow, Store } from '../../store.ts';
import { type Address, addressOf } from './address.ts';
import { keyField, type Refusal, refused, valuesOf } from './batch.ts';
import { Connection, type Reply } from './connection.ts';
import { baseOf, idOf, part, pinOf } from './keys.ts';
import { keepFormat } from './format.ts';
import { CLAIM, RELEASE, RENEW } from './lease-scripts.ts';
import { newsText } from './listener.ts';
import { pageOf } from './lists.ts';
import { type Moment, msOf, type OpenReply, sorted } from './replies.ts';
import { failureOf, headOf, partText, RowReader, stateText } from './rows.ts';
import * as scripts from './scripts.ts';
import { RedisSharing } from './sharing.ts';
import { LeaseTime } from './time.ts';

/** How a Redis store is kept. */
export interface RedisOptions {
  /** What its keys begin with, in braces; `signalbox` if nothing is said. Stores with different prefixes do not see each other. */
  readonly prefix?: string;
  /** For how long runs that have ended are kept. Left out: for ever. */
  readonly keep?: Duration;
}

/** A store in a Redis server, and what only this store can do. */
export interface RedisStore extends Store {
  readonly shared: Sharing;
  /** Deletes runs that ended before `keep`, and answers how many. Happens by itself about once an hour. */
  prune(): Promise<number>;
}

const HOUR = 3_600_000;
const CLAIMED_AT_ONCE = 500;
const PRUNED_AT_ONCE = 100;
/** Events and attempts that one command reads at the most: others wait while it runs. */
const READ_AT_ONCE = 2_000;
/** Characters that one command carries at the most; a larger batch is staged in the server first. */
const SENT_AT_ONCE = 16_000_000;
/** And values: the server takes a million with one command. */
const VALUES_AT_ONCE = 500_000;

/**
 * Keeps runs in the Redis server at `url`: `redis://user:password@host:6379/0`, `rediss://` with TLS, or
 * `unix:///path?db=0`.
 *
 * @example
 * await using box = await createSignalbox({ store: redis('redis://localhost:6379'), orchestrators: [order] });
 */
export function redis(url: string, options: RedisOptions = {}): RedisStore {
  return new RedisServer(url, options);
}

class RedisServer implements RedisStore {
  readonly name: string;
  /** The server works on one while the next is being put together. */
  readonly commitsAtOnce = 2;
  readonly shared: RedisSharing;
  readonly #address: Address;
  readonly #base: string;
  readonly #keep: number;
  readonly #rows: RowReader;
  readonly #connection: Connection;
  #owner: Owner = { name: '', lease: 0, now: () => 0 };
  #time: LeaseTime | null = null;
  #prunedAt = 0;
  #pruning: Promise<unknown> | null = null;
  /** How many commits were too large for one command. */
  #staged = 0;

  constructor(url: string, { prefix = 'signalbox', keep }: RedisOptions) {
    if (typeof prefix !== 'string' || !/^[^{}]+$/.test(prefix)) {
      throw new InvalidOption({ option: 'prefix', value: prefix, expected: 'a text without braces' });
    }
    this.#keep = keep === undefined ? Number.POSITIVE_INFINITY : toMs(keep, 'keep');
    this.#address = addressOf(url);
    this.name = this.#address.name;
    this.#base = baseOf(prefix);
    this.#rows = new RowReader(this.name);
    this.#connection = new Connection(this.#address, () => this.#greet());
    this.shared = new RedisSharing(this.#address, this.#connection, this.#base, this.#rows);
  }

  async open(owner: Owner): Promise<void> {
    this.#owner = owner;
    this.#time = null;
    this.#prunedAt = Number.NEGATIVE_INFINITY;
    this.shared.owner = owner.name;
    // Opened anew, it greets anew.
    this.#connection.close();
    await this.#connection.open();
    if (Number.isFinite(this.#keep)) await this.#pruneSome();
    this.#pruneByTheWay();
  }

  async commit(changes: readonly RunChange[]): Promise<void> {
    if (changes.length === 0) return;
    const runs = changes.map(({ run }) => run);
    const news = newsText(this.#owner.name, 'runs', runs);
    const values = valuesOf(changes, part(this.#owner.name), this.#leaseTime().lease(), news);
    const refusal = await this.#send(values);
    if (refusal !== 0) throw refused(changes, refusal);
    this.#pruneByTheWay();
  }

  async claim(limit: number, known?: readonly Pin[]): Promise<readonly string[]> {
    const claimed: string[] = [];
    const pins = known === undefined ? [] : ['only', ...known.map(pinOf)];
    const owner = part(this.#owner.name);
    const time = this.#leaseTime();
    while (claimed.length < limit) {
      const some = Math.min(limit - claimed.length, CLAIMED_AT_ONCE);
      const found = await this.#run<string[]>(CLAIM, owner, ...time.forClaim(), String(some), ...pins);
      time.claimed();
      claimed.push(...found.map(idOf));
      if (found.length < some) break;
    }
    return claimed;
  }

  async renew(): Promise<void> {
    await this.#renew();
    void this.shared.check();
  }

  async saveDefinitions(definitions: readonly DefinitionRow[]): Promise<void> {
    await this.#connection.sendAll(
      definitions.map(({ orchestrator, version, hash, lines }) => [
        'HSETNX',
        this.#key('definitions'),
        JSON.stringify([orchestrator, version, hash]),
        JSON.stringify(lines),
      ]),
    );
  }

  async readDefinition(orchestrator: string, version: string, hash: string): Promise<DefinitionRow | null> {
    const field = JSON.stringify([orchestrator, version, hash]);
    const row = await this.#connection.send<string | null>('HGET', this.#key('definitions'), field);
    return row === null ? null : this.#rows.definition(row, orchestrator, version, hash);
  }

  async readRun(run: string): Promise<RunRow | null> {
    return this.#runOf(run, await this.#connection.send<string[]>('HMGET', this.#of('run', run), 'start', 'state'));
  }

  async readRunByKey(orchestrator: string, key: string): Promise<RunRow | null> {
    const field = keyField(orchestrator, key);
    const run = await this.#connection.send<string | null>('HGET', this.#key('keys'), field);
    return run === null ? null : await this.readRun(idOf(run));
  }

  async readRuns(query: RunQuery): Promise<RunPage> {
    const { runs: page, cursor } = await pageOf(query, {
      run: (script, ...values) => this.#run(script, ...values),
      lists: () => this.#connection.send<string[]>('SMEMBERS', this.#key('lists')),
    });
    const rows = await this.#connection.sendAll<string[]>(
      page.map((run) => ['HMGET', `${this.#base}run:${run}`, 'start', 'state']),
    );
    // One may have been deleted in between.
    const runs = page.flatMap((run, index) => this.#runOf(idOf(run), rows[index] ?? []) ?? []);
    return { runs, cursor };
  }

  async readOpen(run: string): Promise<OpenRun | null> {
    const found = await this.#run<readonly Reply[] | null>(scripts.READ_OPEN, part(run));
    if (found === null) return null;
    const [start, state, owner, fence, seq, signals, numbers, steps] = found as OpenReply;
    const row = this.#rows.run(run, start, state);
    // More than a page of open steps are too many for the script, which answers with their numbers alone.
    const texts = steps.length === numbers.length ? steps : await this.#steps(run, sorted(numbers));
    return {
      row,
      owner: owner === null ? null : idOf(owner),
      fence: Number(fence),
      seq,
      open: texts.map((text, index) => this.#rows.step(run, text, numbers[index] as string)),
      signals: signals.map((text, index) => this.#rows.signal(run, text, `kept ${index}`)),
    };
  }

  async readChildren(run: string, parents: readonly string[]): Promise<readonly ChildRow[]> {
    // They travel together; what comes is as large as the rows are.
    return (await Promise.all(parents.map((parent) => this.#childrenOf(run, parent)))).flat();
  }

  async #childrenOf(run: string, parent: string): Promise<readonly ChildRow[]> {
    const children: ChildRow[] = [];
    for (let last = '0'; ; ) {
      const page = await this.#run<readonly [string[], string[]]>(scripts.READ_CHILDREN, part(run), part(parent), last);
      const [numbers, texts] = page;
      for (const [index, text] of texts.entries()) children.push(this.#rows.child(run, text, numbers[index] as string));
      if (numbers.length < scripts.PAGE) return children;
      last = numbers.at(-1) as string;
    }
  }

  async readFailures(run: string): Promise<readonly FailureRow[]> {
    const [failed, unlisted] = await this.#connection.sendAll<string[] | string | null>([
      ['SMEMBERS', this.#of('failed', run)],
      ['HGET', this.#of('run', run), 'unlisted'],
    ]);
    // Begun before failures were listed.
    if (unlisted !== null) return (await this.readActors(run)).filter(({ state }) => isFailure(state)).map(failureOf);
    const numbers = sorted(failed as string[]);
    const texts = await this.#steps(run, numbers);
    return texts.map((text, index) => this.#rows.failure(run, text, numbers[index] as string));
  }

  async readActors(run: string): Promise<readonly ActorRow[]> {
    const count = await this.#connection.send<number>('HLEN', this.#of('paths', run));
    const numbers = Array.from({ length: count }, (_, index) => String(index + 1));
    const texts = await this.#steps(run, numbers);
    // A number without a row is that of a parent that was named and has not begun.
    return texts.flatMap((text, index) => (text === null ? [] : this.#rows.step(run, text, index + 1)));
  }

  async readAttempts(run: string): Promise<readonly AttemptRow[]> {
    const texts = await this.#range(this.#of('attempts', run), 0, Number.POSITIVE_INFINITY);
    return texts.map((text, index) => this.#rows.attempt(run, text, index));
  }

  async readSignal(run: string, id: string): Promise<SignalRow | null> {
    const text = await this.#connection.send<string | null>('HGET', this.#of('signals', run), part(id));
    return text === null ? null : this.#rows.signal(run, text, id);
  }

  async readEvents(run: string, { after, limit }: EventQuery): Promise<readonly RunEvent[]> {
    const texts = await this.#range(this.#of('events', run), after, limit);
    return texts.map((text, index) => this.#rows.event(run, text, after + index));
  }

  async abandonRun(end: AbandonedEvent): Promise<number | null> {
    const { run, at, reason } = end;
    const state = stateText({ status: 'cancelled', output: null, error: null, reason, endedAt: at });
    const news = newsText(this.#owner.name, 'runs', [run]);
    const event = partText(end, headOf(run));
    return (await this.#run<number>(scripts.ABANDON, part(run), state, String(at), event, news)) || null;
  }

  async deleteRun(run: string): Promise<boolean> {
    const news = newsText(this.#owner.name, 'runs', [run]);
    return (await this.#run<number>(scripts.DELETE_RUN, part(run), news)) === 1;
  }

  async close(): Promise<void> {
    if (this.#time === null) return;
    this.shared.close();
    try {
      await this.#pruning;
      const news = newsText(this.#owner.name, 'released');
      for (let some = scripts.PAGE; some === scripts.PAGE; ) {
        some = await this.#run<number>(RELEASE, part(this.#owner.name), news);
      }
    } catch {
      // The server is gone: others take over when the lease has ended, as after a crash.
    } finally {
      this.#time = null;
      this.#connection.close();
    }
  }

  async prune(): Promise<number> {
    let pruned = 0;
    if (!Number.isFinite(this.#keep)) return pruned;
    for (let some = PRUNED_AT_ONCE; some === PRUNED_AT_ONCE; pruned += some) some = await this.#pruneSome();
    return pruned;
  }

  /** Once an hour, beside what is going on; nobody waits for it. */
  #pruneByTheWay(): void {
    const now = this.#owner.now();
    if (!Number.isFinite(this.#keep) || now - this.#prunedAt < HOUR || this.#pruning !== null) return;
    this.#prunedAt = now;
    this.#pruning = this.prune()
      // Old runs are deleted in an hour, then.
      .catch(() => {})
      .finally(() => {
        this.#pruning = null;
      });
  }

  #pruneSome(): Promise<number> {
    return this.#run(scripts.PRUNE, String(this.#owner.now() - this.#keep), String(PRUNED_AT_ONCE));
  }

  /** With each new connection: is this a place of ours, and what is the time there? */
  async #greet(): Promise<void> {
    await keepFormat(this.#connection, this.#base, this.name, this.#rows);
    if (this.#time === null) {
      const before = this.#owner.now();
      const server = msOf(await this.#connection.send<Moment>('TIME'));
      this.#time = new LeaseTime(this.#owner, server, before);
    }
    await this.#renew();
  }

  async #renew(): Promise<void> {
    const time = this.#leaseTime();
    const sign = () => this.#run<Moment>(RENEW, part(this.#owner.name), time.lease());
    const before = this.#owner.now();
    if (time.corrects(msOf(await sign()), before)) await sign();
    time.gaveSign();
  }

  /** The time at the server; unknown before the store is open. */
  #leaseTime(): LeaseTime {
    if (this.#time === null) throw new Error(`${this.name} is not open`);
    return this.#time;
  }

  async #send(values: readonly string[]): Promise<Refusal | 0> {
    let length = 0;
    for (const value of values) length += value.length;
    // Never as arguments of a function here: a batch of thousands of runs has more values than a call can have.
    if (length <= SENT_AT_ONCE && values.length <= VALUES_AT_ONCE) {
      return await this.#connection.run(scripts.COMMIT, [this.#base], values);
    }
    return await this.#sendStaged(values);
  }

  /** A batch that is too large for one command: laid down in pieces, and committed at once. */
  async #sendStaged(values: readonly string[]): Promise<Refusal | 0> {
    // Two commits may be under way at once; what one that broke off has left is in nobody's way.
    this.#staged += 1;
    const stage = this.#of('staged', `${this.#owner.name} ${this.#staged}`);
    for (let from = 0; from < values.length; ) {
      let to = from;
      for (let length = 0; to < values.length && length <= SENT_AT_ONCE && to - from < VALUES_AT_ONCE; to += 1)
        length += (values[to] as string).length;
      // Should this process end here, nobody else would remove it.
      await this.#connection.sendAll([
        ['RPUSH', stage, ...values.slice(from, to)],
        ['EXPIRE', stage, '600'],
      ]);
      from = to;
    }
    return await this.#connection.run(scripts.COMMIT, [this.#base, stage], []);
  }

  #run<T extends Reply>(script: scripts.Script, ...values: readonly string[]): Promise<T> {
    return this.#connection.run<T>(script, [this.#base], values);
  }

  #key(name: string): string {
    return this.#base + name;
  }

  #of(what: string, id: string): string {
    return `${this.#base}${what}:${part(id)}`;
  }

  #runOf(run: string, [start, state]: readonly (string | null)[]): RunRow | null {
    return (start ?? state ?? null) !== null ? this.#rows.run(run, start ?? null, state ?? null) : null;
  }

  async #steps(run: string, numbers: readonly string[]): Promise<readonly (string | null)[]> {
    const commands: string[][] = [];
    for (let from = 0; from < numbers.length; from += scripts.PAGE) {
      commands.push(['HMGET', this.#of('steps', run), ...numbers.slice(from, from + scripts.PAGE)]);
    }
    return (await this.#connection.sendAll<(string | null)[]>(commands)).flat();
  }

  async #range(key: string, from: number, limit: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let page: readonly string[] | null = null; found.length < limit && page?.length !== 0; ) {
      const [first, some] = [from + found.length, Math.min(limit - found.length, READ_AT_ONCE)];
      page = await this.#connection.send<string[]>('LRANGE', key, String(first), String(first + some - 1));
      for (const text of page) found.push(text);
    }
    return found;
  }
}
