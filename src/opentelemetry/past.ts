/**
 * The spans of a run that has ended, made of its history: one for the run, for each of its tracks and steps, and in these one for each
 * time at work. For runs that were not traced, or not whole, because they went through several processes; and to see one as one. Hooks and cleanups are not in a history, and have no span here.
 */
import type { Context, Span as OpenSpan, TracerProvider } from '@opentelemetry/api';
import { ask, askOptions } from '../checks.ts';
import { timelineOf, type Span, type TimelineEntry } from '../charts/timeline.ts';
import { RunUnfinished } from '../errors/index.ts';
import type { ReadEvent } from '../events.ts';
import type { JsonObject } from '../json.ts';
import { type Api, contextOf, loadApi, timeOf, tracerOf } from './api.ts';
import { spanName, ofError, ofLength, ofPastAttempt, ofPastUndo, ofPlace, ofRun, ofStatus } from './names.ts';

/** How the spans of a run that has ended are made. */
export interface RecordOptions {
  /** Left out: the one that the application has registered. */
  readonly tracerProvider?: TracerProvider;
  /** How many tracks and steps have spans at the most, those that began first; 1,000, if nothing is said. */
  readonly limit?: number;
}

const MOST = 1_000;

/**
 * Makes the spans of a run that has ended, under the trace that it was started under. Answers how many; 0 where `@opentelemetry/api` is
 * not installed.
 *
 * @example
 * await recordSpans(box.run('order-17').history());
 */
export async function recordSpans(history: AsyncIterable<ReadEvent>, options: RecordOptions = {}): Promise<number> {
  askOptions('recordSpans', options, ['tracerProvider', 'limit']);
  const { tracerProvider, limit = MOST } = options;
  ask('limit', limit, 'a whole number from 1', (value) => Number.isSafeInteger(value) && (value as number) >= 1);
  let first: ReadEvent | undefined;
  async function* heard(): AsyncGenerator<ReadEvent> {
    for await (const event of history) {
      first ??= event;
      yield event;
    }
  }
  const timeline = await timelineOf(heard(), { outline: null, run: '', now: 0, limit });
  if (first === undefined) return 0;
  const { run, metadata } = first;
  if (timeline.endedAt === null) throw new RunUnfinished({ run, status: timeline.status, wanted: 'recorded' });
  const api = await loadApi();
  if (api === null) return 0;
  const { orchestrator = null, version = null } = first.type === 'run.started' ? first : {};
  const recorder = new Recorder(api, tracerProvider, run, metadata);
  for (const row of timeline.rows) {
    const isRun = row.path === '';
    const name = row.noun === 'run' ? spanName.run(orchestrator) : spanName.below(row.noun, row.path);
    recorder.row(row, name, isRun ? ofRun(run, orchestrator, version, null) : ofPlace(run, row.path), timeline.until);
  }
  return recorder.count;
}

class Recorder {
  readonly #api: Api;
  readonly #tracer: ReturnType<typeof tracerOf>;
  readonly #parent: Context;
  readonly #run: string;
  readonly #contexts = new Map<string, Context>();
  count = 0;

  constructor(api: Api, provider: TracerProvider | undefined, run: string, metadata: JsonObject) {
    this.#api = api;
    this.#tracer = tracerOf(api, provider);
    this.#parent = contextOf(api, metadata);
    this.#run = run;
  }

  /** A row comes after that of what it stands in. */
  row(
    { path, status, startedAt, endedAt, spans }: TimelineEntry,
    name: string,
    attributes: object,
    until: number,
  ): void {
    const parent = this.#above(path);
    const span = this.#begin(name, { ...attributes, ...ofStatus(status, path === '') }, startedAt, parent);
    const context = this.#api.trace.setSpan(parent, span);
    this.#contexts.set(path, context);
    for (const part of spans) {
      const to = part.to ?? endedAt ?? until;
      if (part.attempt > 0 && (part.status === 'running' || part.status === 'compensating')) {
        this.#attempt(path, part, to, context);
      } else if (part.status !== 'running') {
        // A time in which it waited is no span: it says when it began, and how long it was.
        span.addEvent(part.status, ofLength(to - part.from), timeOf(part.from));
      }
    }
    this.#end(span, spans.at(-1)?.code ?? null, endedAt ?? until);
  }

  #attempt(path: string, { status, from, attempt, code }: Span, to: number, context: Context): void {
    const [name, attributes] =
      status === 'compensating'
        ? [spanName.undo(), ofPastUndo(this.#run, path)]
        : [spanName.attempt(String(attempt)), ofPastAttempt(this.#run, path, attempt)];
    this.#end(this.#begin(name, attributes, from, context), code, to);
  }

  #begin(name: string, attributes: object, from: number, context: Context): OpenSpan {
    this.count += 1;
    return this.#tracer.startSpan(name, { attributes: { ...attributes }, startTime: timeOf(from) }, context);
  }

  #end(span: OpenSpan, code: string | null, at: number): void {
    if (code !== null) span.setAttributes(ofError(code)).setStatus({ code: this.#api.SpanStatusCode.ERROR });
    span.end(timeOf(at));
  }

  #above(path: string): Context {
    for (let at = path; at !== ''; ) {
      at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '';
      const found = this.#contexts.get(at);
      if (found !== undefined) return found;
    }
    return this.#parent;
  }
}
