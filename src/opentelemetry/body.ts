/** Bodies, hooks and cleanups at work: what is called in which context, and how their spans end. */
import type { Context, Span } from '@opentelemetry/api';
import type { Answer } from '../executor.ts';
import type { JsonObject } from '../json.ts';
import type { Status } from '../status.ts';
import type { TracedBody } from '../tracing.ts';
import { ofError, STATUS } from './names.ts';
import { type Kit, Under, Within } from './within.ts';

/** Calls what belongs to no span. Where nothing is in one already, there is none to be left. */
function outside({ api: { context, ROOT_CONTEXT } }: Kit, call: () => void): void {
  if (context.active() === ROOT_CONTEXT) call();
  else context.with(ROOT_CONTEXT, call);
}

/** Around a body of a run that nobody looks at: what the body begins has to know that, and nothing more. */
export class Unseen implements TracedBody {
  readonly #kit: Kit;
  readonly #metadata: JsonObject;

  constructor(kit: Kit, metadata: JsonObject) {
    this.#kit = kit;
    this.#metadata = metadata;
  }

  within(call: () => void): void {
    this.#kit.api.context.with(new Under(this.#kit, this.#metadata), call);
  }

  outside(call: () => void): void {
    outside(this.#kit, call);
  }

  over(): void {}
}

/** One with a span. It ends with its answer, or with its step, whichever comes first. */
export class SpanBody implements TracedBody {
  readonly #kit: Kit;
  readonly #span: Span;
  readonly #context: Context;
  #isOver = false;

  constructor(kit: Kit, span: Span) {
    this.#kit = kit;
    this.#span = span;
    this.#context = new Within(kit, span);
  }

  within(call: () => void): void {
    this.#kit.api.context.with(this.#context, call);
  }

  outside(call: () => void): void {
    outside(this.#kit, call);
  }

  /** What an error says may be secret, and is told by the step, without what is: here is its kind and no more. */
  over(answer: Answer | null): void {
    if (this.#isOver) return;
    const at = this.#kit.now();
    if (answer === null) return this.#end('cancelled', null, at);
    if (answer?.ok === true) return this.#end('completed', null, at);
    const { error } = answer as { readonly error?: unknown };
    const name: unknown = (error as { readonly constructor?: { readonly name?: unknown } } | null)?.constructor?.name;
    this.#end('failed', typeof name === 'string' && name !== '' ? name : '_OTHER', at);
  }

  /** Its step has ended before it has. */
  end(status: Status, at: number): void {
    if (!this.#isOver) this.#end(status, status === 'timedOut' || status === 'failed' ? status : null, at);
  }

  #end(status: Status, error: string | null, at: number): void {
    this.#isOver = true;
    const span = this.#span;
    span.setAttribute(STATUS, status);
    if (error !== null) {
      span.setAttributes(ofError(error));
      span.setStatus({ code: this.#kit.api.SpanStatusCode.ERROR });
    }
    span.end(this.#kit.time(at));
  }
}
