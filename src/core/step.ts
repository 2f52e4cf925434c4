/**
 * The core as a function: a run, a message and a time in, and out come the run as it is then, the rows and events that say so,
 * and what is owed to the world. No host, no store, no clock, no chance. The run that was handed in stays as it was.
 *
 * A host that has no use for the run before takes a turn on it in place (`turn.ts`), which is the same code without the copy.
 */
import type { RunEvent } from '../events.ts';
import type { ActorRow, AttemptRow, RecordName, RecordRow, RunRow, SignalRow } from '../store.ts';
import { runFacts } from './assemble.ts';
import type { Message } from './message.ts';
import { RowsNeeded } from './need.ts';
import type { Rules } from './port.ts';
import { keepRow } from './rest.ts';
import { type Actor, actorRows, addLive, Changes, NONE, type Owed, type RunState } from './run.ts';
import type { SignalAnswer } from './signals.ts';
import { Turn } from './turn.ts';

export interface Step {
  readonly run: RunState;
  /** Somebody waited for the message (I5). */
  readonly taken: boolean;
  /** The run's own row, if it has changed. */
  readonly row: RunRow | null;
  readonly actors: readonly ActorRow[];
  readonly attempts: readonly AttemptRow[];
  readonly signals: readonly SignalRow[];
  readonly records: readonly RecordRow[];
  readonly recordsGone: readonly RecordName[];
  readonly forgotten: readonly string[];
  readonly events: readonly RunEvent[];
  readonly owed: readonly Owed[];
  /** What the sender of a signal is told. */
  readonly answer: SignalAnswer | null;
  /** The parent whose children have to be read first: nothing has happened, and the message is to be taken again on a run that has them. */
  readonly needs: string | null;
}

const NOTHING: Omit<Step, 'run' | 'needs'> = Object.freeze({
  taken: false,
  row: null,
  actors: NONE,
  attempts: NONE,
  signals: NONE,
  records: NONE,
  recordsGone: NONE,
  forgotten: NONE,
  events: NONE,
  owed: NONE,
  answer: null,
});

export function step(rules: Rules, before: RunState, message: Message, now: number): Step {
  const run = fork(before);
  const changes = new Changes(run.seq);
  // A signal is told its answer in the message; the one that was handed in stays as it was.
  const asked = { ...message };
  let taken = false;
  try {
    taken = new Turn(rules).take(run, changes, now, asked);
  } catch (error) {
    if (error instanceof RowsNeeded) return { ...NOTHING, run: before, needs: error.parent };
    throw error;
  }
  keepRow(run, changes, now);
  const { attempts, signals, records, recordsGone, forgotten, events, owed, rowChanged } = changes;
  const answer = asked.type === 'signal' ? asked.answer : null;
  const actors = actorRows(run, changes);
  const kept = { row: rowChanged ? run.row : null, actors, attempts, signals, records, recordsGone, forgotten };
  return { run, taken, ...kept, events, owed, answer, needs: null };
}

/** The same run once more, which goes its own way. As much is copied as there are actors under way. */
export function fork(run: RunState): RunState {
  const actors = new Map<string, Actor>();
  const holder = { root: run.root };
  const facts = runFacts(run.row, holder);
  const copyOf = (actor: Actor): Actor => actors.get(actor.path) as Actor;
  // In the order in which they began: parents before their children, and children in the order of their parent's list.
  for (const [path, actor] of run.actors) {
    const parent = actor.parent === null ? null : copyOf(actor.parent);
    const children = actor.children?.fork(parent?.children ?? null, facts) ?? null;
    const alone = { firstLive: null, lastLive: null, nextLive: null, beforeLive: null };
    const copy: Actor = { ...actor, ...alone, parent, children };
    actors.set(path, copy);
    if (parent !== null) addLive(parent, copy);
  }
  holder.root = copyOf(run.root);
  const copy: RunState = { ...run, facts, actors, root: holder.root, signals: null };
  copy.signals = run.signals?.fork(copy, copyOf) ?? null;
  return copy;
}
