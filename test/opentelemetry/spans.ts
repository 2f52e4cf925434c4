/** Spans as a test looks at them: by the real SDK, as lines of a tree, children below what they stand in, in the order of their times. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

const manager = new AsyncLocalStorageContextManager();
let seen = new InMemorySpanExporter();

/** What an application does when it begins: a provider and a context manager for the whole process. */
export function register(sampler?: Sampler): void {
  unregister();
  provide(sampler);
}

/** As `register`, where there has been none. */
export function provide(sampler?: Sampler): void {
  seen = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(seen)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors, ...(sampler ? { sampler } : {}) }));
  context.setGlobalContextManager(manager.enable());
}

export function unregister(): void {
  trace.disable();
  context.disable();
}

export function spans(): readonly ReadableSpan[] {
  return seen.getFinishedSpans();
}

export function forget(): void {
  seen.reset();
}

const at = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1_000 + nanos / 1e6;

/** `name (status, error) from+length`, two spaces for each span that stands around it. */
export function tree(all = spans(), from = 0): string[] {
  const below = (id: string | undefined): readonly ReadableSpan[] =>
    all
      .filter(({ parentSpanContext }) => {
        const parent = parentSpanContext?.spanId;
        const isKnown = all.some((span) => span.spanContext().spanId === parent);
        return id === undefined ? !isKnown : parent === id;
      })
      .toSorted((left, right) => at(left) - at(right));
  const lines = (id: string | undefined, depth: number): string[] =>
    below(id).flatMap((span) => [
      `${'  '.repeat(depth)}${span.name}${saidBy(span)}${from === 0 ? '' : ` ${at(span) - from}+${lengthOf(span)}`}`,
      ...lines(span.spanContext().spanId, depth + 1),
    ]);
  return lines(undefined, 0);
}

function saidBy({ attributes }: ReadableSpan): string {
  const said = [attributes['signalbox.status'], attributes['error.type']].filter((each) => each !== undefined);
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

function lengthOf({ duration: [seconds, nanos] }: ReadableSpan): number {
  return seconds * 1_000 + nanos / 1e6;
}
