/**
 * The spans of one run while it is at work in this process: of the run, of its tracks and steps, and of each attempt at a body.
 *
 * A wait is a gap. A step that waits, for a signal, for a person, for its next attempt, has no span open; and when no step of the run is
 * at work any more, neither have its tracks nor the run itself. What comes later begins new spans under the same trace: so a
 * run of a month is no span of a month, and one that another process goes on with has lost none.
 */
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { ErrorRecord } from '../errors/index.ts';
import type { RunEvent } from '../events.ts';
import type { Answer, Job } from '../executor.ts';
import type { JsonObject } from '../json.ts';
import { isTerminal, type Status } from '../status.ts';
import type { TracedBody, TracedRun } from '../tracing.ts';
import { statusAfter } from '../views/fold.ts';
import { type Api, contextOf, timeOf } from './api.ts';
import { spanName, ofAttempt, ofError, ofPlace, ofRun, ofStatus } from './names.ts';

/** What is open of a track, a step or the run. */
interface Open {
  readonly span: Span;
  readonly context: Context;
  readonly noun: 'run' | 'track' | 'step';
  /** Nothing stands in it. */
  isLeaf: boolean;
}

export interface SpansOptions {
  readonly api: Api;
  readonly tracer: Tracer;
  readonly now: () => number;
}

const NO_ATTRIBUTES: Attributes = {};

/** At work: what a step is in when its span is open. */
const AT_WORK: ReadonlySet<Status> = new Set(['running', 'compensating', 'cancelling']);

export class RunSpans {
  readonly #options: SpansOptions;
  readonly #run: string;
  readonly #parent: Context;
  readonly #known: Partial<TracedRun>;
  readonly #open = new Map<string, Open>();
  /** Bodies at work, by the path of their step. */
  readonly #bodies = new Map<string, Body>();
  /** How many steps that nothing stands in have a span that is open: what is at work. */
  #atWork = 0;

  constructor(options: SpansOptions, run: string, metadata: JsonObject, known: Partial<TracedRun>) {
    this.#options = options;
    this.#run = run;
    this.#parent = contextOf(options.api, metadata);
    this.#known = known;
  }

  /** Nothing of it is at work here: there is nothing to keep. */
  get isAtRest(): boolean {
    return this.#open.size === 0 && this.#bodies.size === 0;
  }

  /** Opens the span of a body, and those of what it stands in that are not open. */
  begin({ path, attempt, task, key }: Job): TracedBody {
    const { api, tracer, now } = this.#options;
    const step = this.#at(path, 'step', now());
    const attributes = ofAttempt(this.#run, path, attempt, task.name, key);
    const startTime = timeOf(now());
    const span = tracer.startSpan(spanName.attempt(task.name), { attributes, startTime }, step.context);
    const context = api.trace.setSpan(step.context, span);
    this.#bodies.get(path)?.end('cancelled', now());
    const body = new Body(api, span, () => {
      if (this.#bodies.get(path) === body) this.#bodies.delete(path);
    });
    this.#bodies.set(path, body);
    return {
      within: (call) => api.context.with(context, call),
      outside: (call) => api.context.with(api.ROOT_CONTEXT, call),
      over: (answer) => body.answered(answer, now()),
    };
  }

  take(events: readonly RunEvent[]): void {
    for (const event of events) this.#take(event);
    if (this.#atWork === 0) this.#rest(events.at(-1)?.at ?? this.#options.now());
  }

  #take(event: RunEvent): void {
    const { type, path, at } = event;
    const status = statusAfter(type);
    if (status === null) return;
    const noun = type.slice(0, type.indexOf('.')) as Open['noun'];
    if (AT_WORK.has(status)) {
      const open = this.#at(path, noun, at, event);
      if (status !== 'running') open.span.addEvent(status, undefined, timeOf(at));
    } else if (noun === 'step' || isTerminal(status)) {
      const error = 'error' in event ? (event.error as ErrorRecord | null) : null;
      this.#close(path, status, at, error);
    }
  }

  /** The span of a place; it is opened, with those above it, if it is not open. */
  #at(path: string, noun: Open['noun'], at: number, event?: RunEvent): Open {
    const found = this.#open.get(path);
    if (found !== undefined) return found;
    const { tracer, api } = this.#options;
    const startTime = timeOf(at);
    let [name, attributes, context]: [string, Attributes, Context] = ['', NO_ATTRIBUTES, this.#parent];
    if (path === '') {
      const { orchestrator = null, version = null } = event?.type === 'run.started' ? event : this.#known;
      name = spanName.run(orchestrator);
      attributes = ofRun(this.#run, orchestrator, version, this.#known.parent ?? null);
    } else {
      const above = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
      // What an event has not told of yet: the first below the run is a track.
      const parent = this.#at(above, above.includes('/') ? 'step' : 'track', at);
      if (parent.isLeaf) this.#isNoLeaf(parent);
      name = spanName.below(noun, path);
      attributes = ofPlace(this.#run, path);
      context = parent.context;
    }
    const span = tracer.startSpan(name, { attributes, startTime }, context);
    const open: Open = { span, context: api.trace.setSpan(context, span), noun, isLeaf: noun === 'step' };
    this.#open.set(path, open);
    if (open.isLeaf) this.#atWork += 1;
    return open;
  }

  #isNoLeaf(open: Open): void {
    if (open.isLeaf) this.#atWork -= 1;
    open.isLeaf = false;
  }

  #close(path: string, status: Status, at: number, error: ErrorRecord | null): void {
    this.#bodies.get(path)?.end(status, at);
    const open = this.#open.get(path);
    if (open === undefined) return;
    this.#open.delete(path);
    this.#isNoLeaf(open);
    const { span } = open;
    span.setAttributes(ofStatus(status, path === ''));
    if (error !== null) {
      const { code, name, message } = error;
      span.setAttributes(ofError(code));
      span.setStatus({ code: this.#options.api.SpanStatusCode.ERROR, message });
      span.addEvent('exception', { 'exception.type': name, 'exception.message': message }, timeOf(at));
    }
    span.end(timeOf(at));
  }

  /** No step is at work: a gap begins. */
  #rest(at: number): void {
    // The innermost first.
    for (const path of [...this.#open.keys()].reverse()) this.#close(path, 'waiting', at, null);
  }

  /** The box is closed, or knows nothing more of the run. */
  end(): void {
    const at = this.#options.now();
    for (const body of [...this.#bodies.values()]) body.end('cancelled', at);
    this.#rest(at);
  }
}

/** A body at work. It ends with its answer, or with its step, whichever comes first. */
class Body {
  readonly #api: Api;
  readonly #span: Span;
  readonly #over: () => void;
  #isOver = false;

  constructor(api: Api, span: Span, over: () => void) {
    this.#api = api;
    this.#span = span;
    this.#over = over;
  }

  /** What an error says may be secret, and is told by the step, without what is: here is its kind and no more. */
  answered(answer: Answer, at: number): void {
    if (answer?.ok === true) return this.#end('completed', null, at);
    const { error } = answer as { readonly error?: unknown };
    const name: unknown = (error as { readonly constructor?: { readonly name?: unknown } } | null)?.constructor?.name;
    return this.#end('failed', typeof name === 'string' && name !== '' ? name : '_OTHER', at);
  }

  /** Its step has ended before it has. */
  end(status: Status, at: number): void {
    this.#end(status, status === 'timedOut' || status === 'failed' ? status : null, at);
  }

  #end(status: Status, error: string | null, at: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
    this.#span.setAttributes(ofStatus(status, false));
    if (error !== null) {
      this.#span.setAttributes(ofError(error));
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    }
    this.#span.end(timeOf(at));
  }
}
