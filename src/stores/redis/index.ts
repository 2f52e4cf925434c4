/**
 * The Redis store, as `signalbox/redis`: for several processes that share one place, on a server that is there anyway.
 * Redis or Valkey, 7 or later. A commit is one script, so it lands whole or not at all.
 *
 * Nothing is remembered here of what stands in the server: each commit is checked there, against owner, fence and the
 * number of events of each run (I2).
 */
import { askOptions } from '../../checks.ts';
import { type Duration, toMs } from '../../duration.ts';
import { InvalidOption } from '../../errors/index.ts';
import type { AbandonedEvent, DefinitionRow, Owner, Pin, RecordRow, RunChange, Sharing, Store } from '../../store.ts';
import { addressOf } from './address.ts';
import { type Refusal, refused, valuesOf } from './batch.ts';
import { COMMIT } from './commit-script.ts';
import { baseOf, idOf, part, pinOf } from './keys.ts';
import { Claims } from '../claims.ts';
import { withoutForgotten } from '../forgotten.ts';
import { READ_BELOW } from './forget-scripts.ts';
import { keepFormat } from './format.ts';
import { CLAIM, RELEASE, RENEW } from './lease-scripts.ts';
import { newsText } from './listener.ts';
import { RedisReads } from './reads.ts';
import { ADD_RECORD } from './record-scripts.ts';
import { recordField, recordLists, recordMember, recordText } from './records.ts';
import { type Moment, msOf } from './replies.ts';
import { headOf, partText, stateText } from './rows.ts';
import { PAGE } from './script.ts';
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
  askOptions('redis', options, ['prefix', 'keep']);
  return new RedisServer(url, options);
}

class RedisServer extends RedisReads implements RedisStore {
  /** The server works on one while the next is being put together. */
  readonly commitsAtOnce = 2;
  readonly shared: RedisSharing;
  readonly #keep: number;
  #owner: Owner = { name: '', lease: 0, now: () => 0 };
  #time: LeaseTime | null = null;
  #claims = new Claims();
  #prunedAt = 0;
  #pruning: Promise<unknown> | null = null;
  /** How many commits were too large for one command. */
  #staged = 0;

  constructor(url: string, { prefix = 'signalbox', keep }: RedisOptions) {
    if (typeof prefix !== 'string' || !/^[^{}]+$/.test(prefix)) {
      throw new InvalidOption({ option: 'prefix', value: prefix, expected: 'a text without braces' });
    }
    const address = addressOf(url);
    super(address, baseOf(prefix));
    this.#keep = keep === undefined ? Number.POSITIVE_INFINITY : toMs(keep, 'keep');
    this.shared = new RedisSharing(address, this.connection, this.base, this.rows);
  }

  async open(owner: Owner): Promise<void> {
    this.#owner = owner;
    this.#time = null;
    this.#claims = new Claims();
    this.#prunedAt = Number.NEGATIVE_INFINITY;
    this.shared.owner = owner.name;
    // Opened anew, it greets anew.
    this.connection.close();
    await this.connection.open();
    if (Number.isFinite(this.#keep)) await this.#pruneSome();
    this.#pruneByTheWay();
  }

  async commit(changes: readonly RunChange[]): Promise<void> {
    if (changes.length === 0) return;
    const named = changes.some(({ forgotten }) => forgotten !== undefined)
      ? await Promise.all(changes.map((change) => this.#allForgotten(change)))
      : changes;
    const runs = changes.map(({ run }) => run);
    const news = newsText(this.#owner.name, 'runs', runs);
    const values = valuesOf(named, part(this.#owner.name), this.#leaseTime().lease(), news);
    const refusal = await this.#send(values);
    if (refusal !== 0) throw refused(changes, refusal);
    this.#pruneByTheWay();
  }

  /** What is below a place that is forgotten is named, too. */
  async #allForgotten(whole: RunChange): Promise<RunChange> {
    const change = withoutForgotten(whole);
    const { run, forgotten = [] } = change;
    if (forgotten.length === 0) return change;
    const found = await this.ask<string[]>(READ_BELOW, part(run), ...forgotten.map(part));
    const paths = found.map((path) => JSON.parse(path) as string);
    return { ...change, forgotten: [...new Set([...forgotten, ...paths])] };
  }

  async claim(limit: number, known?: readonly Pin[]): Promise<readonly string[]> {
    const pins = known === undefined ? [] : ['only', ...known.map(pinOf)];
    const owner = part(this.#owner.name);
    const [time, claim] = [this.#leaseTime(), this.#claims.at(this.#owner.now())];
    let all: readonly string[] = [];
    try {
      for (let left = limit; left > 0; ) {
        const some = Math.min(left, CLAIMED_AT_ONCE);
        const found = await this.ask<string[]>(CLAIM, owner, ...time.forClaim(), String(some), claim.id, ...pins);
        time.claimed();
        const more = found.length - all.length;
        all = found;
        left = more < some ? 0 : left - more;
      }
    } catch (error) {
      this.#claims.failed(this.#owner.now());
      throw error;
    }
    return claim.fresh(all).map(idOf);
  }

  async renew(): Promise<void> {
    await this.#renew();
    void this.shared.check();
  }

  async saveDefinitions(definitions: readonly DefinitionRow[]): Promise<void> {
    await this.connection.sendAll(
      definitions.map(({ orchestrator, version, hash, lines }) => [
        'HSETNX',
        this.key('definitions'),
        JSON.stringify([orchestrator, version, hash]),
        JSON.stringify(lines),
      ]),
    );
  }

  async addRecord(record: RecordRow): Promise<boolean> {
    const { run } = record;
    const values = [recordField(record), recordMember(run, record), recordLists(record), recordText(record)];
    return (await this.ask<number>(ADD_RECORD, part(run), ...values)) === 1;
  }

  async abandonRun(end: AbandonedEvent): Promise<number | null> {
    const { run, at, reason } = end;
    const state = stateText({ status: 'cancelled', output: null, error: null, reason, endedAt: at });
    const news = newsText(this.#owner.name, 'runs', [run]);
    const event = partText(end, headOf(run));
    return (await this.ask<number>(scripts.ABANDON, part(run), state, String(at), event, news)) || null;
  }

  async deleteRun(run: string): Promise<boolean> {
    const news = newsText(this.#owner.name, 'runs', [run]);
    return (await this.ask<number>(scripts.DELETE_RUN, part(run), news)) === 1;
  }

  async close(): Promise<void> {
    if (this.#time === null) return;
    this.shared.close();
    try {
      await this.#pruning;
      const news = newsText(this.#owner.name, 'released');
      for (let some = PAGE; some === PAGE; ) {
        some = await this.ask<number>(RELEASE, part(this.#owner.name), news);
      }
    } catch {
      // The server is gone: others take over when the lease has ended, as after a crash.
    } finally {
      this.#time = null;
      this.connection.close();
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
    return this.ask(scripts.PRUNE, String(this.#owner.now() - this.#keep), String(PRUNED_AT_ONCE));
  }

  /** With each new connection: is this a place of ours, and what is the time there? */
  protected async greet(): Promise<void> {
    await keepFormat(this.connection, this.base, this.name, this.rows);
    if (this.#time === null) {
      const before = this.#owner.now();
      const server = msOf(await this.connection.send<Moment>('TIME'));
      this.#time = new LeaseTime(this.#owner, server, before);
    }
    await this.#renew();
  }

  async #renew(): Promise<void> {
    const time = this.#leaseTime();
    const sign = () => this.ask<Moment>(RENEW, part(this.#owner.name), time.lease());
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
      return await this.connection.run(COMMIT, [this.base], values);
    }
    return await this.#sendStaged(values);
  }

  /** A batch that is too large for one command: laid down in pieces, and committed at once. */
  async #sendStaged(values: readonly string[]): Promise<Refusal | 0> {
    // Two commits may be under way at once; what one that broke off has left is in nobody's way.
    this.#staged += 1;
    const stage = this.of('staged', `${this.#owner.name} ${this.#staged}`);
    for (let from = 0; from < values.length; ) {
      let to = from;
      for (let length = 0; to < values.length && length <= SENT_AT_ONCE && to - from < VALUES_AT_ONCE; to += 1)
        length += (values[to] as string).length;
      // Should this process end here, nobody else would remove it.
      await this.connection.sendAll([
        ['RPUSH', stage, ...values.slice(from, to)],
        ['EXPIRE', stage, '600'],
      ]);
      from = to;
    }
    return await this.connection.run(COMMIT, [this.base, stage], []);
  }
}
