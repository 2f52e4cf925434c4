/**
 * A place in memory that several boxes share as processes share a server: each has a store of its own on it, with a lease,
 * commands for each other, and news. What it answers comes later, as from a server, and it is always the same.
 */
import type { Store } from 'signalbox';
import type { CommandRow, News, Owner, Pin, RunRow, Sharing } from 'signalbox/store';
import { isTerminal } from '../../src/events.ts';
import type { JsonObject } from '../../src/json.ts';
import { memoryRows } from '../../src/stores/memory.ts';

interface Process {
  readonly owner: Owner;
  /** It is taken to live until then. */
  until: number;
  heard: (news: News) => void;
}

const PAGE = 1_000;

const isPinnedTo = ({ orchestrator, version, hash }: RunRow, known: readonly Pin[]): boolean =>
  known.some((pin) => pin.orchestrator === orchestrator && pin.version === version && pin.hash === hash);

/** Where runs are kept until nobody has the place any more. */
export function sharedMemory(placeNow?: () => number | null): { readonly open: () => Store } {
  /** A place may have a clock of its own, as a server has, where those of processes are wrong. */
  const nowOf = (owner: Owner): number => placeNow?.() ?? owner.now();
  const processes = new Map<string, Process>();
  const commands = new Map<string, CommandRow>();
  const answers = new Map<string, { readonly run: string; readonly answer: JsonObject }>();
  /** Who claims at the moment, and which definitions it knows; undefined: all. */
  let claiming: { readonly now: number; readonly known: readonly Pin[] | undefined } = { now: 0, known: undefined };
  const isDead = (owner: string | null, now: number): boolean =>
    owner === null || (processes.get(owner)?.until ?? Number.NEGATIVE_INFINITY) < now;
  const rows = memoryRows(
    (row, owner) => isDead(owner, claiming.now) && (claiming.known === undefined || isPinnedTo(row, claiming.known)),
  );

  const open = (): Store => {
    let self: Process | null = null;
    const me = (): Process => {
      if (self === null) throw new Error('The store is not open.');
      return self;
    };
    /** Does something under our name, an answer later. */
    const later =
      <A extends readonly unknown[], R>(work: (...args: A) => R) =>
      async (...args: A): Promise<Awaited<R>> => {
        await new Promise<void>((resolve) => void setImmediate(resolve));
        rows.open(me().owner);
        return await work(...args);
      };
    const live = (): void => {
      me().until = nowOf(me().owner) + me().owner.lease;
    };
    /** Everybody else hears of it, after whoever did it has its answer. */
    const tell = (news: News): void => {
      for (const other of processes.values())
        if (other !== self) setImmediate(() => processes.get(other.owner.name) === other && other.heard(news));
    };
    const ownerOf = (run: string): string | null =>
      (rows.readOpen(run) as Awaited<ReturnType<Store['readOpen']>>)?.owner ?? null;
    const unfinished = (): readonly RunRow[] => {
      const found: RunRow[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = rows.readRuns({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }) as Awaited<
          ReturnType<Store['readRuns']>
        >;
        found.push(...page.runs.filter(({ status }) => !isTerminal(status)));
        cursor = page.cursor;
      }
      return found;
    };

    const shared: Sharing = {
      listen: later((heard) => {
        me().heard = heard;
      }),
      leaveCommand: later((command) => {
        if (!commands.has(command.id) && !answers.has(command.id)) commands.set(command.id, command);
        tell({ about: 'commands' });
      }),
      readCommands: later((limit) =>
        [...commands.values()].filter(({ run }) => ownerOf(run) === me().owner.name).slice(0, limit),
      ),
      answerCommand: later((id, answer) => {
        const command = commands.get(id);
        if (command === undefined) return;
        commands.delete(id);
        answers.set(id, { run: command.run, answer });
        tell({ about: 'answers' });
      }),
      takeAnswer: later((id) => {
        const found = answers.get(id);
        answers.delete(id);
        return found?.answer ?? null;
      }),
      readStrays: later((known) => {
        const now = nowOf(me().owner);
        const strays = new Map<string, string>();
        for (const row of unfinished()) {
          const pin = JSON.stringify([row.orchestrator, row.version, row.hash]);
          if (!strays.has(pin) && !isPinnedTo(row, known) && isDead(ownerOf(row.run), now)) strays.set(pin, row.run);
        }
        return [...strays.values()];
      }),
    };

    return {
      ...(Object.fromEntries(
        Object.entries(rows).map(([name, member]) => [
          name,
          typeof member === 'function' ? later(member as (...args: unknown[]) => unknown) : member,
        ]),
      ) as unknown as Store),
      name: 'sharedMemory',
      shared,
      commitsAtOnce: 4,
      async open(owner) {
        self = { owner, until: nowOf(owner) + owner.lease, heard: () => {} };
        processes.set(owner.name, self);
      },
      renew: later(live),
      commit: later((changes) => {
        rows.commit(changes);
        live();
        tell({ about: 'runs', runs: changes.map(({ run }) => run) });
      }),
      claim: later((limit, known) => {
        live();
        claiming = { now: nowOf(me().owner), known };
        return rows.claim(limit);
      }),
      readOpen: later(async (run) => {
        const found = await rows.readOpen(run);
        return found !== null && isTerminal(found.row.status) ? { ...found, owner: null } : found;
      }),
      abandonRun: later(async (end) => {
        const seq = await rows.abandonRun(end);
        if (seq !== null) tell({ about: 'runs', runs: [end.run] });
        return seq;
      }),
      deleteRun: later(async (run) => {
        const isDone = await rows.deleteRun(run);
        if (!isDone) return false;
        for (const all of [commands, answers]) for (const [id, { run: of }] of all) if (of === run) all.delete(id);
        tell({ about: 'runs', runs: [run] });
        return true;
      }),
      async close() {
        if (self === null) return;
        rows.open(self.owner);
        rows.close();
        processes.delete(self.owner.name);
        tell({ about: 'released' });
      },
    };
  };

  return { open };
}
