/**
 * The spans of one run while it is at work in this process: of the run, of its tracks and steps, of each attempt at a body, and of hooks
 * and cleanups.
 *
 * A wait is a gap. A step that waits, for a signal, for a person, for its next attempt, has no span open; and when no step of the run is
 * at work any more, neither have its tracks nor the run itself. What comes later begins new spans under the same trace: so a
 * run of a month is no span of a month, and one that another process goes on with has lost none.
 */
import type { Attributes, Context } from '@opentelemetry/api';
import type { ErrorRecord } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import type { Job } from '../executor.ts';
import type { JsonObject } from '../json.ts';
import { isTerminal, type Status } from '../status.ts';
import type { TracedBody, TracedCall, TracedPlace, TracedRun } from '../tracing.ts';
import { statusAfter } from '../views/fold.ts';
import { SpanBody } from './body.ts';
import { spanName, ofAttempt, ofCall, ofError, ofPlace, ofRun, ofUndo, ofOutcome, STATUS } from './names.ts';
import { type Kit, Under, Within } from './within.ts';

type Noun = 'run' | 'track' | 'step';

/** What is open of a track, a step or the run. */
class Open extends Within {
  /** At work: of a step that nothing stands in, and not only looked at by hooks. */
  isAtWork = false;
  /** Nothing stands in it. */
  isLeaf = false;
  /** The attempt at it that is under way. */
  body: SpanBody | null = null;
}

/** What an event says of the span of its place. */
interface Meaning {
  readonly noun: Noun;
  readonly status: Status;
  readonly does: 'opens' | 'closes' | 'nothing';
}

/** At work: what a step is in when its span is open. */
const AT_WORK: ReadonlySet<Status> = new Set(['running', 'compensating', 'cancelling']);

/** By type: there are few, and each is met very often. */
const meanings = new Map<RunEvent['type'], Meaning | null>();

function meaningOf(type: RunEvent['type']): Meaning | null {
  let found = meanings.get(type);
  if (found === undefined) {
    const status = statusAfter(type);
    const noun = type.slice(0, type.indexOf('.')) as Noun;
    if (status === null) found = null;
    else if (AT_WORK.has(status)) found = { noun, status, does: 'opens' };
    else found = { noun, status, does: noun === 'step' || isTerminal(status) ? 'closes' : 'nothing' };
    meanings.set(type, found);
  }
  return found;
}

export class RunSpans {
  readonly #kit: Kit;
  readonly #run: string;
  readonly #parent: Context;
  readonly #known: Partial<TracedRun>;
  readonly #open = new Map<string, Open>();
  /** Steps that were opened for hooks, and may not be at work. */
  #looked: string[] | null = null;
  /** How many steps are at work. */
  #atWork = 0;

  constructor(kit: Kit, run: string, metadata: JsonObject, known: Partial<TracedRun>) {
    this.#kit = kit;
    this.#run = run;
    this.#parent = new Under(kit, metadata);
    this.#known = known;
  }

  /** Nothing of it is at work here: there is nothing to keep. */
  get isAtRest(): boolean {
    return this.#open.size === 0;
  }

  /** Opens the span of a body, and those of what it stands in that are not open. */
  begin({ path, attempt, task: { name }, key }: Job, undoes: string | null): TracedBody {
    const at = this.#kit.now();
    const step = this.#at(path, 'step', at);
    this.#works(step);
    step.body?.end('cancelled', at);
    const body =
      undoes === null
        ? this.#call(spanName.attempt(name), ofAttempt(this.#run, path, attempt, name, key), at, step)
        : this.#call(spanName.undo(undoes), ofUndo(this.#run, path, attempt, undoes, key), at, step);
    step.body = body;
    return body;
  }

  /** Where hooks or a cleanup are called; it is opened if it is not open, until the next that is heard of the run. */
  beside(path: string | null): TracedPlace {
    const above = path === null ? this.#parent : this.#look(path);
    return { calling: (call: TracedCall) => this.#beside(path ?? '', call, above) };
  }

  #look(path: string): Open {
    const found = this.#open.get(path);
    if (found !== undefined) return found;
    const noun = path.includes('/') ? 'step' : 'track';
    this.#looked ??= [];
    this.#looked.push(path);
    return this.#at(path, noun, this.#kit.now());
  }

  #beside(path: string, call: TracedCall, above: Context): TracedBody {
    return this.#call(spanName.call(call), ofCall(this.#run, path, call), this.#kit.now(), above);
  }

  #call(name: string, attributes: Attributes, at: number, above: Context): SpanBody {
    const kit = this.#kit;
    return new SpanBody(kit, kit.tracer.startSpan(name, { attributes, startTime: kit.time(at) }, above));
  }

  take(events: readonly RunEvent[]): void {
    for (let at = 0; at < events.length; at += 1) this.#take(events[at] as RunEvent);
    const at = events.at(-1)?.at ?? this.#kit.now();
    if (this.#looked !== null) this.#lookAway(at);
    if (this.#atWork === 0) this.#rest(at);
  }

  #take(event: RunEvent): void {
    const { type, path, at } = event;
    const meaning = meaningOf(type);
    if (meaning === null || meaning.does === 'nothing') return;
    const { noun, status, does } = meaning;
    if (does === 'closes') {
      this.#close(path, status, at, 'error' in event ? (event.error as ErrorRecord | null) : null);
      return;
    }
    const open = this.#at(path, noun, at, event);
    this.#works(open);
    if (status !== 'running') open.span.addEvent(status, undefined, this.#kit.time(at));
  }

  /** The span of a place; it is opened, with those above it, if it is not open. */
  #at(path: string, noun: Noun, at: number, event?: RunEvent): Open {
    const found = this.#open.get(path);
    if (found !== undefined) return found;
    const kit = this.#kit;
    let name: string;
    let attributes: Attributes;
    let above: Context = this.#parent;
    if (path === '') {
      const { orchestrator = null, version = null } = event?.type === 'run.started' ? event : this.#known;
      name = spanName.run(orchestrator);
      attributes = ofRun(this.#run, orchestrator, version, this.#known.parent ?? null);
    } else {
      const end = path.lastIndexOf('/');
      // What an event has not told of yet: the first below the run is a track.
      const parent = this.#at(end < 0 ? '' : path.slice(0, end), path.indexOf('/') === end ? 'track' : 'step', at);
      if (parent.isLeaf) this.#isNoLeaf(parent);
      name = spanName.below(noun, path);
      attributes = ofPlace(this.#run, path);
      above = parent;
    }
    const open = new Open(kit, kit.tracer.startSpan(name, { attributes, startTime: kit.time(at) }, above));
    open.isLeaf = path !== '' && noun === 'step';
    this.#open.set(path, open);
    return open;
  }

  #works(open: Open): void {
    if (!open.isLeaf || open.isAtWork) return;
    open.isAtWork = true;
    this.#atWork += 1;
  }

  #isNoLeaf(open: Open): void {
    if (open.isAtWork) this.#atWork -= 1;
    open.isAtWork = false;
    open.isLeaf = false;
  }

  #close(path: string, status: Status, at: number, error: ErrorRecord | null): void {
    const open = this.#open.get(path);
    if (open === undefined) return;
    open.body?.end(status, at);
    this.#open.delete(path);
    this.#isNoLeaf(open);
    const { span } = open;
    const time = this.#kit.time(at);
    span.setAttribute(STATUS, status);
    if (path === '') span.setAttributes(ofOutcome(status) ?? {});
    if (error !== null) {
      const { code, name, message } = error;
      span.setAttributes(ofError(code));
      span.setStatus({ code: this.#kit.api.SpanStatusCode.ERROR, message });
      span.addEvent('exception', { 'exception.type': name, 'exception.message': message }, time);
    }
    span.end(time);
  }

  /** What only hooks have opened ends with what they were called for. */
  #lookAway(at: number): void {
    for (const path of this.#looked ?? []) {
      const open = this.#open.get(path);
      if (open?.isLeaf === true && !open.isAtWork) this.#close(path, 'waiting', at, null);
    }
    this.#looked = null;
  }

  /** No step is at work: a gap begins. */
  #rest(at: number): void {
    if (this.#open.size === 0) return;
    // The innermost first.
    for (const path of [...this.#open.keys()].reverse()) this.#close(path, 'waiting', at, null);
  }

  /** The box is closed, or knows nothing more of the run. */
  end(): void {
    const at = this.#kit.now();
    for (const { body } of this.#open.values()) body?.end('cancelled', at);
    this.#rest(at);
  }
}
