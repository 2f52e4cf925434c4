/**
 * The Postgres store, as `signalbox/postgres`: for runs that several processes share. It uses the driver `pg`.
 *
 * A commit is one statement and one round trip. It holds the lock of its process, together with other commits of it and against whoever
 * would take runs from it, so what is remembered of its runs (`owned.ts`) is what the database says; who owns them is looked up
 * under that lock, and not written.
 */
import { askOptions } from '../../checks.ts';
import { within } from '../../clock.ts';
import { toMs } from '../../duration.ts';
import { CommitConflict, InvalidOption, type SignalboxError } from '../../errors/index.ts';
import type { AbandonedEvent, DefinitionRow, OpenRun, Owner, Pin, RecordRow, RunChange, Store } from '../../store.ts';
import { Rows } from './arrays.ts';
import { begins, byRun, commitFor, recordColumns } from './batch.ts';
import { newsOf } from './listener.ts';
import { migrate } from './migrations.ts';
import { patienceOf, type PostgresConnection, type PostgresOptions } from './options.ts';
import { Owned, standingOf } from './owned.ts';
import { Process } from './process.ts';
import { isRefusal, refusalIn, refusalOf } from './refusal.ts';
import { textOfEvents } from '../history.ts';
import type { Columns } from '../rows.ts';
import { PostgresReads } from './reads.ts';
import { ADD_RECORD } from './record-lists.ts';
import { Server } from './server.ts';
import { pinColumns, PostgresSharing } from './sharing.ts';
import * as sql from './statements.ts';
import { fromColumn, toColumn, toColumnOrNull } from './text.ts';
import { inWords } from './words.ts';

export type { PostgresConnection, PostgresOptions } from './options.ts';

/** A store in a Postgres database, and what only this store can do. */
export interface PostgresStore extends Store {
  /** Deletes runs that ended before `keep`, and answers how many. Happens by itself about once an hour. */
  prune(): Promise<number>;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PRUNED_AT_ONCE = 500;
/** How long closing waits for a server that does not answer, in milliseconds. */
const CLOSING = 5_000;
const SCHEMA = /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/;
const TRIES = 3;

/**
 * Keeps runs in the database that `connection` leads to: a URL, or what `pg.Pool` takes.
 *
 * @example
 * await using box = await createSignalbox({ store: postgres('postgres://app@db.internal/app'), orchestrators: [order] });
 */
export function postgres(connection: string | PostgresConnection, options: PostgresOptions = {}): PostgresStore {
  askOptions('postgres', options, ['schema', 'keep', 'patience']);
  return new PostgresSchema(connection, options);
}

class PostgresSchema extends PostgresReads implements PostgresStore {
  /** The server works on one while the next is being put together, or while the other waits for the disk. */
  readonly commitsAtOnce = 2;
  readonly shared: PostgresSharing;
  readonly #schema: string;
  readonly #keep: number;
  readonly #owned = new Owned();
  #process: Process | null = null;
  /** Commits that are under way. */
  #underWay = 0;
  /** How many commits have failed that may land yet, and how many of them are over by now. */
  #doubts = 0;
  #settled = 0;
  #prunedAt = Number.NEGATIVE_INFINITY;
  #pruning: Promise<void> = Promise.resolve();

  constructor(connection: string | PostgresConnection, { schema = 'signalbox', keep, patience }: PostgresOptions) {
    if (
      (typeof connection !== 'string' || connection === '') &&
      (typeof connection !== 'object' || connection === null)
    ) {
      throw new InvalidOption({
        ...{ option: 'connection', value: typeof connection },
        expected: `a URL like 'postgres://user:password@host:5432/database', or an object as pg.Pool takes it`,
      });
    }
    if (typeof schema !== 'string' || !SCHEMA.test(schema)) {
      const expected = 'up to 63 small letters, digits and "_", not a digit first, and not "pg_"';
      throw new InvalidOption({ option: 'schema', value: schema, expected });
    }
    super(new Server(connection, schema, patienceOf(patience)));
    this.#schema = schema;
    this.#keep = keep === undefined ? Number.POSITIVE_INFINITY : toMs(keep, 'keep');
    this.shared = new PostgresSharing(this.server, schema, this.rows, () => this.#self());
  }

  async open(owner: Owner): Promise<void> {
    // Opened once more, it begins anew.
    await this.close();
    await this.server.open();
    this.#owned.clear();
    this.#settled = this.#doubts;
    try {
      await migrate(this.server, this.#schema);
      this.#process = await Process.of(owner, this.server.ask);
      this.#prunedAt = Number.NEGATIVE_INFINITY;
      await this.renew();
    } catch (error) {
      this.#process = null;
      await this.server.close(CLOSING);
      throw error;
    }
  }

  async commit(changes: readonly RunChange[]): Promise<void> {
    if (changes.length === 0) return;
    const self = this.#self();
    // What another commit has looked up has to stay until that one is over.
    if (this.#underWay === 0) this.#owned.spare();
    this.#underWay += 1;
    try {
      await this.#commit(changes, self);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #commit(changes: readonly RunChange[], self: Process): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await this.#settle(self);
      const known = await this.#owned.known(changes, self.name, this.server.ask);
      const { text, values } = commitFor(changes, known, self.name, self.now());
      try {
        const [row] = await this.server.rawly(text, values);
        this.#owned.committed(changes, begunIn(changes, row?.numbers));
        if (row?.others === 't') this.shared.tell(self.name, changes);
        return;
      } catch (error) {
        this.#owned.forget(changes.map(({ run }) => run));
        if (!isRefusal(error)) {
          this.#doubts += 1;
          throw inWords(this.name, error);
        }
        const refusal = refusalIn(error, changes, known) ?? (await this.#refusalOf(changes, self, tries === TRIES));
        // Null: whatever stood in the way is gone by now, like a commit of another that was rolled back.
        if (refusal !== null) throw refusal;
      }
    }
  }

  /** Why a commit was refused, as far as can be seen afterwards; `last` if it is not to be tried again. */
  async #refusalOf(changes: readonly RunChange[], self: Process, last: boolean): Promise<SignalboxError | null> {
    const { ask } = this.server;
    const standing = await standingOf(changes, ask);
    const refusal = await refusalOf(changes, standing, self.name, ask);
    if (refusal !== null || !last) return refusal;
    const [{ run, after }] = changes as readonly [RunChange];
    return new CommitConflict({ run, expected: after, found: Number(standing.get(toColumn(run))?.seq ?? 0) });
  }

  /**
   * Waits for a commit that broke off on our side and may still be under way over there: what is read before it is over is not
   * what the next commit stands on. It holds the lock of this process until then.
   */
  async #settle(self: Process): Promise<void> {
    const doubts = this.#doubts;
    if (doubts === this.#settled) return;
    await this.server.ask(sql.AWAIT_COMMIT, self.name);
    // Another one may have failed meanwhile, and is waited for by whoever comes next.
    this.#settled = Math.max(this.#settled, doubts);
  }

  async claim(limit: number, known?: readonly Pin[]): Promise<readonly string[]> {
    const self = this.#self();
    const pins = known === undefined ? [null, null, null] : pinColumns(known);
    const claim = self.claims.at(self.ownNow());
    const ask = this.server.ask(sql.CLAIM, self.name, self.now(), limit, self.lease, ...pins, claim.id);
    const rows = await ask.catch((error) => {
      self.claims.failed(self.ownNow());
      throw error;
    });
    const runs = claim.fresh(rows).flatMap(({ run }) => (run === null ? [] : fromColumn(String(run))));
    this.#owned.forget(runs);
    return runs;
  }

  async renew(): Promise<void> {
    const self = this.#self();
    this.shared.check();
    const before = self.ownNow();
    const [row] = await this.server.ask(sql.RENEW, self.name, self.now(), self.lease);
    if (self.corrects(Number(row?.now), before)) await this.server.ask(sql.RENEW, self.name, self.now(), self.lease);
    if (self.now() - this.#prunedAt < HOUR) return;
    this.#prunedAt = self.now();
    // Nobody waits for it, and what fails is done an hour later.
    this.#pruning = this.#tidy(self).catch(() => {});
  }

  async saveDefinitions(definitions: readonly DefinitionRow[]): Promise<void> {
    const rows = new Rows(['text', 'text', 'text', 'json']);
    for (const { orchestrator, version, hash, lines } of definitions)
      rows.push(toColumn(orchestrator), toColumn(version), toColumn(hash), JSON.stringify(lines));
    await this.server.ask(sql.INSERT_DEFINITIONS, ...rows.arrays());
  }

  async readOpen(run: string): Promise<OpenRun | null> {
    await this.#settle(this.#self());
    const row = await this.one(sql.SELECT_OPEN, run);
    return row === null ? null : this.rows.open(row);
  }

  async addRecord(record: RecordRow): Promise<boolean> {
    const found = await this.server.ask(ADD_RECORD, toColumn(record.run), ...recordColumns(record));
    return found.length > 0;
  }

  async abandonRun(end: AbandonedEvent): Promise<number | null> {
    const self = this.#self();
    const run = toColumn(end.run);
    const text = textOfEvents(end.at, [{ ...end, seq: 0 }]);
    for (;;) {
      const found = await this.server.transaction(async (ask) => {
        const [lease] = await ask(sql.SELECT_OWNER, run);
        if (lease === undefined) return null;
        if (lease.owner !== null) await ask(sql.AWAIT_COMMIT, lease.owner);
        return await ask(sql.ABANDON, lease.number, lease.owner, toColumnOrNull(end.reason), end.at, text);
      });
      if (found === null) return null;
      const [ended] = found;
      // Somebody else has it by now.
      if (ended === undefined) continue;
      this.#owned.forget([end.run]);
      this.shared.tell(self.name, [end]);
      return Number(ended.seq);
    }
  }

  async deleteRun(run: string): Promise<boolean> {
    const self = this.#self();
    const found = await this.one(sql.DELETE_RUN, run);
    if (found?.runs === 0) return false;
    this.shared.tell(self.name, [{ run }]);
    return true;
  }

  async prune(): Promise<number> {
    const self = this.#self();
    await this.#pruning;
    return await this.#prune(self);
  }

  async close(): Promise<void> {
    const self = this.#process;
    if (self === null) return;
    this.#process = null;
    // What cannot be said to the server it finds out by itself, when the lease has ended.
    await within(CLOSING, this.shared.stop());
    await within(CLOSING, this.#release(self));
    await this.server.close(CLOSING);
  }

  async #release(self: Process): Promise<void> {
    await this.#pruning;
    await this.server.ask(sql.RELEASE, self.name, newsOf(self.name, 'released'));
  }

  #self(): Process {
    if (this.#process === null) throw new Error(`${this.name} is not open`);
    return this.#process;
  }

  async #tidy(self: Process): Promise<void> {
    await this.server.ask(sql.FORGET_PROCESSES, self.now() - DAY);
    await this.server.ask(sql.FORGET_COMMANDS, self.now() - DAY);
    await this.#prune(self);
  }

  /** Some at a time, each by itself: nobody is to wait long for a row. Ends with the store. */
  async #prune(self: Process): Promise<number> {
    if (!Number.isFinite(this.#keep)) return 0;
    let pruned = 0;
    for (let some = PRUNED_AT_ONCE; some === PRUNED_AT_ONCE && this.#process === self; pruned += some) {
      const [row] = await this.server.askLong(sql.PRUNE, self.ownNow() - this.#keep, PRUNED_AT_ONCE);
      some = Number(row?.runs ?? 0);
    }
    return pruned;
  }
}

/** The numbers of the runs that have begun, which were given in the order of their ids. */
function begunIn(changes: readonly RunChange[], numbers: Columns[string] | undefined): ReadonlyMap<string, number> {
  if (typeof numbers !== 'string') return new Map();
  const given = numbers.slice(1, -1).split(',').map(Number);
  const runs = changes.filter(begins).sort(byRun);
  return new Map(runs.map(({ run }, index) => [run, given[index] as number]));
}
