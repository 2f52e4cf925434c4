/** What a run waits for that does not come by itself: a signal, a decision, a person. And how each is said on the command line. */
import type { WaitingFor } from '../core/effect.ts';
import type { Signalbox } from '../runtime/box.ts';
import { isTerminal } from '../status.ts';
import type { RunSnapshot } from '../views/snapshot.ts';

/** Something from outside that a run, or a child run of it, waits for. */
export interface Outside {
  readonly run: string;
  readonly path: string;
  readonly waits: WaitingFor | null;
}

/** What only somebody else can bring, if the run waits for nothing else; null if something of it goes on by itself. */
export async function outsideOf(box: Signalbox, snapshot: RunSnapshot): Promise<readonly Outside[] | null> {
  const { run } = snapshot;
  if (isTerminal(snapshot.status)) return null;
  const found: Outside[] = [];
  let isHeld = snapshot.status === 'paused';
  for (const [path, { waitingFor: waits, status }] of Object.entries(snapshot.steps)) {
    if (status === 'awaitingIntervention') isHeld = true;
    if (waits === null) continue;
    const comes = await comesFrom(box, { run, path, waits });
    if (comes === 'itself') return null;
    found.push(...comes);
  }
  if (found.length > 0) return found;
  return isHeld ? [{ run, path: '', waits: null }] : null;
}

async function comesFrom(box: Signalbox, outside: Outside): Promise<readonly Outside[] | 'itself'> {
  const { waits } = outside;
  switch (waits?.what) {
    case 'signal':
    case 'person':
    case 'approval':
      return [outside];
    // What is in it is looked at by itself, and what has not begun waits for that.
    case 'children':
    case 'start':
      return [];
    case 'run':
      return (await outsideOf(box, await box.run(waits.run).snapshot())) ?? 'itself';
    case 'other':
      return waits.due === null ? [outside] : 'itself';
    default:
      return 'itself';
  }
}

/** The command that would bring it; null if there is none. */
export function commandFor({ run, path, waits }: Outside): string | null {
  switch (waits?.what) {
    case undefined:
      return `signalbox resume ${word(run)}`;
    case 'signal':
      return `signalbox signal ${word(run)} ${word(waits.signal)} JSON`;
    case 'approval':
      return `signalbox decide ${word(waits.approval)} DECISION --by NAME`;
    case 'person':
      return `signalbox retry ${word(run)} ${word(path)} --reason TEXT`;
    default:
      return null;
  }
}

/** A word that a shell takes for one. */
function word(text: string): string {
  return /^[\w@%+=:,./#-]+$/.test(text) && !text.startsWith('#') ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
