/**
 * The events of one commit to one run as text, and back. Every step of every run tells two, so what is the same in
 * all of them (the run, numbers that follow each other, mostly the time) stands in the row once, and the names of the
 * usual fields are left out. The views `events` of SQLite and of Postgres read the same text: change all of them.
 */
import { faultOfEvent, type RunEvent } from '../events.ts';
import type { Json, JsonObject } from '../json.ts';

/** Type, path, then an attempt or an object of fields, then a time: as far as there is something to say. */
type Kept = [type: string, path: string, more?: Json, at?: number];

/** Fields that every event has: run, number, time, type and path. */
const COMMON = 5;

export function textOfEvents(at: number, events: readonly RunEvent[]): string {
  return JSON.stringify(events.map((event) => keptOf(at, event)));
}

function keptOf(at: number, event: RunEvent): Kept {
  const { type, path } = event;
  const more = moreOf(event);
  // A list that is pushed to makes room for more than there will ever be.
  if (event.at !== at) return [type, path, more, event.at];
  return more === null ? [type, path] : [type, path, more];
}

function moreOf(event: RunEvent): Json {
  let count = 0;
  for (const _ in event) count += 1;
  if (count === COMMON) return null;
  const { attempt } = event as { readonly attempt?: Json };
  if (count === COMMON + 1 && Number.isSafeInteger(attempt)) return attempt as number;
  const { run, seq, at, type, path, ...more } = event;
  return more as unknown as JsonObject;
}

/** The events of one row, frozen. */
export function eventsOf(run: string, first: number, at: number, kept: Json): readonly RunEvent[] {
  return (kept as unknown as readonly Kept[]).map(([type, path, more = null, own = at], index) => {
    const fields = typeof more === 'number' ? { attempt: more } : (more as JsonObject | null);
    const event = Object.freeze({ run, seq: first + index, at: own, path, type, ...fields });
    const fault = faultOfEvent(event);
    if (fault !== null) throw new Error(fault);
    return event as unknown as RunEvent;
  });
}
