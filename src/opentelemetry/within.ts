/**
 * Contexts of spans, and what all runs of a box share to make spans.
 *
 * The API's own contexts copy a map and make three functions each. There is one for every step and every attempt, and all that is ever
 * asked of most of them is the span: these have it as it is, and become the API's own once something else is put into them.
 */
import type { Context, HrTime, Span, Tracer } from '@opentelemetry/api';
import type { JsonObject } from '../json.ts';
import { type Api, spanIn, timeOf } from './api.ts';

/** What spans are made with. */
export class Kit {
  readonly api: Api;
  readonly tracer: Tracer;
  readonly now: () => number;
  /** What the API looks for a span under: it is told to nobody, but asked for. */
  readonly spanKey: symbol | null;
  #ms = Number.NaN;
  #time: HrTime = [0, 0];

  constructor(api: Api, tracer: Tracer, now: () => number) {
    this.api = api;
    this.tracer = tracer;
    this.now = now;
    let asked: symbol | null = null;
    const nothing: Context = {
      getValue: (key) => {
        asked = key;
      },
      setValue: () => nothing,
      deleteValue: () => nothing,
    };
    api.trace.getSpan(nothing);
    this.spanKey = asked;
  }

  /** Of much that happens in one millisecond the time is one array, which an SDK keeps as it is. */
  time(ms: number): HrTime {
    if (ms !== this.#ms) {
      this.#ms = ms;
      this.#time = timeOf(ms);
    }
    return this.#time;
  }
}

/** The context of what goes on in a span. */
export class Within implements Context {
  readonly kit: Kit;
  readonly span: Span;

  constructor(kit: Kit, span: Span) {
    this.kit = kit;
    this.span = span;
  }

  getValue(key: symbol): unknown {
    return key === this.kit.spanKey ? this.span : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return copied(this.kit, key === this.kit.spanKey ? null : this.span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === this.kit.spanKey ? this.kit.api.ROOT_CONTEXT : this;
  }
}

/** The context of what goes on under a trace that was handed over. It is read when it is asked for: many bodies begin no spans. */
export class Under implements Context {
  readonly #kit: Kit;
  readonly #metadata: JsonObject;
  #span: Span | null = null;

  constructor(kit: Kit, metadata: JsonObject) {
    this.#kit = kit;
    this.#metadata = metadata;
  }

  getValue(key: symbol): unknown {
    return key === this.#kit.spanKey ? (this.#known ?? undefined) : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return copied(this.#kit, key === this.#kit.spanKey ? null : this.#known).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === this.#kit.spanKey ? this.#kit.api.ROOT_CONTEXT : this;
  }

  get #known(): Span | null {
    this.#span ??= spanIn(this.#kit.api, this.#metadata);
    return this.#span;
  }
}

/** A context of the API's own, which takes whatever is put into it. */
function copied({ api: { ROOT_CONTEXT, trace } }: Kit, span: Span | null): Context {
  return span === null ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span);
}
